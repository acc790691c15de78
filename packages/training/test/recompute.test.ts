import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  batchNorm,
  type Builder,
  createBuilder,
  dropout,
  type Graph,
  linear,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { adam, firingRate, rcs, type TrainerOptions } from '@spikeloom/training';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { bitsOf, type Batch, halves, halvesTrainer, steps } from './halves.ts';
import { weight } from './networks.ts';

/** Layers with neurons, normalisation and dropout, joined by shortcuts. */
function deepNetwork(layers: number, width: number): Graph {
  const b = createBuilder({ name: 'deep' });
  let x = dense(b, b.input('x', ['N', 8]), 'first', width);
  for (let layer = 0; layer < layers; layer++) {
    const scope = b.scope(`layer${layer}`);
    const { spikes } = scope.apply(lif, { current: x }, {}, 'lif');
    const kept = scope.apply(dropout, { x: spikes, key: 0 }, { rate: 0.1, stream: layer }).out;
    const normal = scope.apply(batchNorm, {
      x: dense(scope, kept, 'fc', width),
      weight: vector(scope, 'norm.weight', width, 1),
      bias: vector(scope, 'norm.bias', width, 0.2),
      mean: statistic(scope, 'norm.mean', width, 0),
      variance: statistic(scope, 'norm.variance', width, 1),
    }).out;
    x = scope.add(x, normal);
  }
  b.output('logits', dense(b, x, 'last', 2));
  return b.build();
}

function dense(b: Builder, x: Value, name: string, outputs: number): Value {
  const inputs = Number(x.type.shape.at(-1));
  const given = { x, weight: weight(b, `${name}.weight`, [outputs, inputs], outputs) };
  return b.apply(linear, given, {}, name).out;
}

const filled = (size: number, value: number) => tensor(new Float32Array(size).fill(value), [size]);
const vector = (b: Builder, name: string, size: number, value: number): Value =>
  b.param(name, [size], { tensor: filled(size, value) });
const statistic = (b: Builder, name: string, size: number, value: number): Value =>
  b.buffer(name, [size], { tensor: filled(size, value) });

const regularisers = [
  { regulariser: rcs(), weight: 0.01 },
  { regulariser: firingRate(), weight: 0.1 },
];

describe.each(backends)('on %s', (_, backend) => {
  const graph = deepNetwork(6, 16);
  test.each([2, 3, 50])('%i stretches give the same bits as none', async (recompute) => {
    const run = async (options: Partial<TrainerOptions>): Promise<object> => {
      const given = { regularisers, optimiser: adam(), clipNorm: 1, ...options };
      const trainer = halvesTrainer(backend, given, graph);
      const { inputs, labels } = halves(6);
      const gradients = bitsOf(await trainer.gradients(inputs, labels));
      const metrics = await steps(trainer, { inputs, labels }, 3);
      trainer.dispose();
      return { gradients, metrics, weights: bitsOf(trainer.graph().weights) };
    };
    expect(await run({ recompute })).toEqual(await run({}));
  });
});

/** The most bytes that tfjs holds after any operator of a training step. */
async function peakBytes(
  backend: Backend,
  graph: Graph,
  { inputs, labels }: Batch,
  recompute: number,
): Promise<number> {
  let peak = 0;
  const profiler = {
    now: () => 0,
    record: () => (peak = Math.max(peak, tf.memory().numBytes)),
  };
  const watched: Backend = {
    name: backend.name,
    async compile(given, options) {
      const program = await backend.compile(given, options);
      const run = program.run.bind(program);
      return Object.assign(program, {
        run: ((values, settings) => run(values, { ...settings, profiler })) satisfies typeof run,
      });
    },
  };
  const trainer = halvesTrainer(watched, { recompute, timesteps: 4 }, graph);
  const before = tf.memory().numBytes;
  await trainer.step(inputs, labels, { learningRate: 0.1 });
  trainer.dispose();
  return peak - before;
}

describe.each([tfjsBackend('cpu'), wasmBackend()])('memory on $name', (backend) => {
  test('is bounded by the cuts and one stretch', async () => {
    // Values of 64 samples over 4 timesteps are what counts; weights are small.
    const graph = deepNetwork(16, 16);
    const batch = halves(64);
    const whole = await peakBytes(backend, graph, batch, 1);
    const cut = await peakBytes(backend, graph, batch, 8);
    expect(cut).toBeLessThan(0.5 * whole);
    // Twice the layers: without cuts twice the memory, with more cuts hardly more.
    const deeper = deepNetwork(32, 16);
    expect(await peakBytes(backend, deeper, batch, 1)).toBeGreaterThan(1.8 * whole);
    expect(await peakBytes(backend, deeper, batch, 16)).toBeLessThan(1.8 * cut);
  });
});

test.each([0, 1.5, Number.NaN])('%f is no number of stretches', (recompute) => {
  const backend = tfjsBackend('cpu');
  expect(() => halvesTrainer(backend, { recompute })).toThrow(
    expect.objectContaining({ code: 'invalid-argument', path: 'createTrainer' }) as Error,
  );
});
