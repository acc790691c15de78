import { attention } from '@spikeloom/attention';
import {
  type AnyOperator,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  sizeOf,
  spikeSignal,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { createMeter, type Counts, type EnergyReport, fullCounting } from '@spikeloom/energy';

export const registry = createRegistry([attention, neurons]);

/** An operator alone, with the names of its inputs as inputs of spikes `[N, …]`. */
export function spikeGraph(
  op: AnyOperator,
  attributes: object,
  shapes: Readonly<Record<string, readonly number[]>>,
): Graph {
  const b = createBuilder();
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      b.input(name, ['N', ...shape], { signal: spikeSignal }),
    ]),
  );
  b.output('spikes', b.apply(op, inputs, attributes, 'attention')['spikes']!);
  return b.build();
}

/** Spikes at every timestep for a batch, `[T, N, …]` cut into steps. */
export function randomSpikes(
  seed: number,
  rate: number,
  timesteps: number,
  shape: readonly number[],
): Tensor[] {
  const random = createRandom(seed);
  return Array.from({ length: timesteps }, () =>
    tensor(
      Array.from({ length: sizeOf(shape) }, () => Number(random.uniform() < rate)),
      shape,
    ),
  );
}

/** What an operator gives, `[T, N, …]`, and what it costs. */
export async function runAndCount(
  graph: Graph,
  inputs: Readonly<Record<string, readonly Tensor[]>>,
  backend: Backend,
): Promise<{ spikes: Float32Array; total: Counts; report: EnergyReport }> {
  const [[, steps]] = Object.entries(inputs) as [[string, readonly Tensor[]]];
  const meter = createMeter(graph, { registry, countings: [fullCounting] });
  const program = await backend.compile(graph, { registry, expose: meter.expose });
  const { spikes } = await program.run(inputs, {
    timesteps: steps.length,
    taps: meter.start(steps[0]!.shape[0]!),
  });
  program.dispose();
  const [report] = meter.report();
  const [layer] = report!.layers;
  return { spikes: spikes!.data as Float32Array, total: layer!.counts, report: report! };
}

/** One leaky neuron per element: tau 2, hard reset, threshold 1/2 reached or passed. */
export function halfThresholdNeurons(currents: readonly (readonly number[])[]): number[][] {
  const potentials = currents[0]!.map(() => 0);
  return currents.map((step) =>
    step.map((current, index) => {
      const charged = potentials[index]! + (current - potentials[index]!) / 2;
      const fires = charged >= 0.5;
      potentials[index] = fires ? 0 : charged;
      return Number(fires);
    }),
  );
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
