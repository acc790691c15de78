import { cpuBackend } from '@spikeloom/backend-cpu';
import { type Graph, type Registry, type Tensor } from '@spikeloom/ir';
import type { Backend, Inputs, Observation } from '@spikeloom/runtime';
import { expect } from 'vitest';

/** Runs a graph on a backend and on the reference, and expects the same bits of outputs and states. */
export async function expectSameBits(
  backend: Backend,
  graph: Graph,
  run: {
    readonly registry: Registry;
    readonly inputs: Inputs;
    readonly timesteps: number;
    readonly states?: readonly string[];
    /** Operators that must run by a kernel of the backend. */
    readonly kernels?: readonly string[];
  },
): Promise<void> {
  const { registry, inputs, timesteps, states = [], kernels = [] } = run;
  const results = [];
  for (const one of [backend, cpuBackend()]) {
    const program = await one.compile(graph, { registry });
    if (one === backend) for (const op of kernels) expect(program.operators.has(op), op).toBe(true);
    const seen: Observation[] = [];
    const taps = states.map((at) => ({ at, observe: (it: Observation) => void seen.push(it) }));
    const outputs = await program.run(inputs, { timesteps, taps });
    results.push([
      ...Object.entries(outputs),
      ...seen.map(({ at, step, value }) => [`${at} after step ${step}`, value] as const),
    ]);
    program.dispose();
  }
  const [actual, expected] = results as [[string, Tensor][], [string, Tensor][]];
  expect(actual.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  actual.forEach(([name, tensor], index) => {
    expect(differences(tensor, expected[index]![1]), name).toEqual([]);
  });
}

/** The first few places where two tensors are not the same bits; all NaN are the same. */
function differences(actual: Tensor, expected: Tensor): string[] {
  const found: string[] = [];
  if (actual.shape.join() !== expected.shape.join()) return [`shape ${actual.shape.join()}`];
  for (let index = 0; index < expected.data.length && found.length < 5; index++) {
    const [got, wanted] = [actual.data[index]!, expected.data[index]!];
    if (!Object.is(got, wanted)) found.push(`element ${index}: ${got}, expected ${wanted}`);
  }
  return found;
}
