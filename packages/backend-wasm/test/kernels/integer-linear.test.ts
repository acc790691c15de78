import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  levelsOf,
  linear,
  type Signal,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { numbers } from '../../../backend-cpu/test/random-data.ts';

const registry = createRegistry();
const [inputs, outputs, rows] = [150, 21, 33];
const signals: readonly Signal[] = [
  { kind: 'spike' },
  { kind: 'graded', positive: 0.5, negative: 0.5, levels: 3 },
  { kind: 'graded', positive: 1.94, negative: 1.86, levels: 8 },
  { kind: 'graded', positive: 0.2, negative: 0.2, levels: 17, perOctave: 4 },
];
const random = createRandom(5);
const weight = numbers(random, [outputs, inputs]);
const bias = numbers(random, [outputs]);

/** A linear layer; its bias changes with time if `moves`. */
function layerOn(signal: Signal, moves = false): Graph {
  const b = createBuilder();
  const fixed = b.param('bias', [outputs], { tensor: bias });
  const values = {
    x: b.input('x', ['N', inputs], { signal }),
    weight: b.param('weight', [outputs, inputs], { tensor: weight }),
    bias: moves ? b.mul(fixed, b.step()) : fixed,
  };
  b.output('out', b.apply(linear, values, {}, 'layer').out);
  return b.build();
}

function drawn(signal: Signal): Tensor {
  const levels = levelsOf(signal).filter((level) => Math.abs(level) < 8);
  const level = (): number => levels[random.below(levels.length)]!;
  return numbers(random, [rows, inputs], () => (random.uniform() < 0.4 ? level() : 0));
}

async function outputsOf(
  mode: 'float32' | 'int16' | 'int8',
  graph: Graph,
  x: Tensor,
): Promise<Float32Array> {
  const program = await wasmBackend({ mode, threads: 1 }).compile(graph, { registry });
  const { out } = await program.run({ x }, { timesteps: 2 });
  program.dispose();
  return Float32Array.from(out!.data);
}

describe.each(signals)('a linear layer on levels of %o', (signal) => {
  test.each([false, true])('is nearly as exact in integers; bias that moves: %s', async (moves) => {
    const [graph, x] = [layerOn(signal, moves), drawn(signal)];
    const exact = await outputsOf('float32', graph, x);
    const size = Math.sqrt(exact.reduce((sum, value) => sum + value ** 2, 0));
    for (const [mode, most] of [
      ['int16', 3e-4],
      ['int8', 3e-2],
    ] as const) {
      const rounded = await outputsOf(mode, graph, x);
      const error = Math.sqrt(
        rounded.reduce((sum, value, index) => sum + (value - exact[index]!) ** 2, 0),
      );
      expect(error / size).toBeLessThan(most);
      expect(error).toBeGreaterThan(0);
    }
  });

  test('gives a row the same bits alone as among others', async () => {
    const [graph, x] = [layerOn(signal), drawn(signal)];
    const all = await outputsOf('int8', graph, x);
    const one = await outputsOf('int8', graph, tensor(x.data.slice(0, inputs), [1, inputs]));
    expect(one.slice(0, outputs)).toEqual(all.slice(0, outputs));
  });

  test('is multiplied in float32 where an input is none of the levels', async () => {
    const [graph, x] = [layerOn(signal), drawn(signal)];
    x.data[7] = 1e6;
    expect(await outputsOf('int16', graph, x)).toEqual(await outputsOf('float32', graph, x));
  });
});

test('real numbers are multiplied in float32', async () => {
  const graph = layerOn({ kind: 'real' });
  const x = numbers(random, [rows, inputs]);
  expect(await outputsOf('int16', graph, x)).toEqual(await outputsOf('float32', graph, x));
});

test('rounded weights are freed with the program', async () => {
  const usage = (): number => tf.memory().numBytes;
  const [graph, x] = [layerOn(signals[1]!), drawn(signals[1]!)];
  const backend = wasmBackend({ mode: 'int8', threads: 1 });
  (await backend.compile(graph, { registry })).dispose();
  const before = usage();
  const program = await backend.compile(graph, { registry });
  await program.run({ x }, { timesteps: 1 });
  const once = usage();
  await program.run({ x }, { timesteps: 3 });
  expect(usage()).toBe(once);
  program.dispose();
  expect(usage()).toBe(before);
});
