import { attention } from '@spikeloom/attention';
import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  createRandom,
  createRegistry,
  type Graph,
  sizeOf,
  tensor,
  type Tensor,
} from '@spikeloom/ir';
import { spikingResformer } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { type Backend, firingRates, neuronLayers } from '@spikeloom/runtime';
import { expect, test } from 'vitest';

const registry = createRegistry([attention, neurons]);
const timesteps = 2;
const side = 32;
const random = createRandom(3);

test('SpikingResformer-Ti gives the same numbers in the browser as the reference backend', async () => {
  const graph = exactNetwork();
  const image = sixteenths([1, 3, side, side], 16);
  const [wasm, cpu] = [
    await runOn(wasmBackend(), graph, image),
    await runOn(cpuBackend(), graph, image),
  ];
  expect(wasm).toEqual(cpu);
  expect(new Set(wasm.logits).size).toBeGreaterThan(100);
  for (const [path, rates] of wasm.rates) expect(Math.max(...rates), path).toBeGreaterThan(0.01);
});

/**
 * The network with weights whose sums and scales are exact in float32: a random network is chaotic, so that
 * one spike more for another order of summation would change everything after it.
 */
function exactNetwork(): Graph {
  const graph = spikingResformer({ variant: 'ti', image: [3, side, side] });
  const fill = (shape: readonly number[], value: number): Tensor =>
    tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
  const weights = graph.nodes
    .filter(({ op }) => op === 'spikeloom/param' || op === 'spikeloom/buffer')
    .map(({ id, outputs }): readonly [string, Tensor] => {
      const shape = outputs['out']!.shape as readonly number[];
      if (id.endsWith('running_mean')) return [id, fill(shape, 0)];
      // With the epsilon of 1e-5 it is 1.
      if (id.endsWith('running_var')) return [id, fill(shape, 1 - 1e-5)];
      if (id.endsWith('bn.weight')) return [id, fill(shape, 4)];
      if (id.endsWith('bn.bias')) return [id, fill(shape, 0.5)];
      // Times 64 channels of a head, or 4 keys, a power of 4.
      if (id.includes('firing_rate')) return [id, fill(shape, 0.25)];
      return [id, sixteenths(shape, 0.3)];
    });
  return { ...graph, weights: new Map(weights) };
}

/** Random whole numbers of sixteenths. */
function sixteenths(shape: readonly number[], deviation: number): Tensor {
  const next = (): number => Math.round(deviation * random.normal()) / 16;
  return tensor(Float32Array.from({ length: sizeOf(shape) }, next), shape);
}

async function runOn(
  backend: Backend,
  graph: Graph,
  image: Tensor,
): Promise<{ logits: number[]; rates: ReadonlyMap<string, readonly number[]> }> {
  const program = await backend.compile(graph, { registry });
  const rates = firingRates(neuronLayers(graph, registry));
  try {
    const { logits } = await program.run({ image }, { timesteps, taps: rates.taps });
    return { logits: [...logits!.data], rates: rates.read() };
  } finally {
    program.dispose();
  }
}
