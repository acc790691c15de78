import { type Counting, createMeter, type EnergyReport, fullCounting } from '@spikeloom/energy';
import type { EnergyProfile } from '@spikeloom/energy';
import { cpuBackend } from '@spikeloom/backend-cpu';
import { createRegistry, type Graph, type Registry, type Tensor } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';

/** Runs a network on some inputs and reports what it cost. */
export async function measure(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor | readonly Tensor[]>>,
  options: {
    readonly timesteps: number;
    readonly backend?: Backend;
    readonly registry?: Registry;
    readonly countings?: readonly Counting[];
    readonly profile?: EnergyProfile;
    readonly source?: Graph;
  },
): Promise<EnergyReport> {
  const { timesteps, backend = cpuBackend(), registry = createRegistry([neurons]) } = options;
  const { countings = [fullCounting], profile, source } = options;
  const meter = createMeter(graph, {
    registry,
    countings,
    ...(profile ? { profile } : {}),
    ...(source ? { source } : {}),
  });
  const program = await backend.compile(graph, { registry, expose: meter.expose });
  const [first] = Object.values(inputs).flat();
  await program.run(inputs, { timesteps, taps: meter.start(first!.shape[0]!) });
  program.dispose();
  return meter.report()[0]!;
}
