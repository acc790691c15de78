import { wasmBackend } from '@spikeloom/backend-wasm';
import { createRandom, primitives, type Random, sizeOf, tensor } from '@spikeloom/ir';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { numbers } from '../../../backend-cpu/test/random-data.ts';
import { expectAgreement, graphOf, registry } from '../agreement.ts';

const { gather, segmentSum } = primitives;

const indices = (random: Random, shape: readonly number[], below: number) =>
  tensor(
    Array.from({ length: sizeOf(shape) }, () => random.below(below)),
    shape,
    'int32',
  );

describe('rows by index', () => {
  test.each([
    { shape: [6, 3], axis: 0, wanted: [9] },
    { shape: [6], axis: 0, wanted: [4, 2] },
    { shape: [5, 200], axis: 0, wanted: [7] },
    { shape: [2, 5, 4], axis: 1, wanted: [3] },
    { shape: [3, 2, 5], axis: -1, wanted: [2, 2] },
  ])('of $shape along axis $axis agree with the reference', async ({ shape, axis, wanted }) => {
    const random = createRandom(17);
    const rows = indices(random, wanted, shape.at(axis)!);
    await expectAgreement({
      op: gather,
      inputs: { x: numbers(random, shape), indices: rows },
      attributes: { axis },
    });
    const whole = indices(random, shape, 1000);
    await expectAgreement({
      op: gather,
      inputs: { x: whole, indices: rows },
      attributes: { axis },
    });
    const truths = tensor(
      Array.from({ length: sizeOf(shape) }, () => random.below(2)),
      shape,
      'bool',
    );
    await expectAgreement({
      op: gather,
      inputs: { x: truths, indices: rows },
      attributes: { axis },
    });
  });

  test.each([
    { shape: [9, 3], count: 4 },
    { shape: [9], count: 12 },
    { shape: [5, 2, 70], count: 2 },
  ])('of $shape add up in $count segments as in the reference', async ({ shape, count }) => {
    const random = createRandom(23);
    await expectAgreement({
      op: segmentSum,
      inputs: { x: numbers(random, shape), segments: indices(random, [shape[0]!], count) },
      attributes: { count },
    });
  });
});

test('an index that names no row leaves nothing behind', async () => {
  const x = numbers(createRandom(3), [4, 3]);
  for (const wrong of [-1, 4]) {
    const rows = tensor([0, wrong], [2], 'int32');
    const { graph, inputs } = graphOf({ op: gather, inputs: { x, indices: rows }, attributes: {} });
    const before = tf.memory().numTensors;
    const program = await wasmBackend().compile(graph, { registry });
    await expect(program.run(inputs, { timesteps: 1 })).rejects.toMatchObject({
      code: 'invalid-argument',
      got: `${wrong}`,
    });
    program.dispose();
    expect(tf.memory().numTensors).toBe(before);
  }
});
