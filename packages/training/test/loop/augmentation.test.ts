import { createRandom, type Random, type Tensor, tensor } from '@spikeloom/ir';
import {
  type Augmentation,
  augmentBatch,
  cutout,
  horizontalFlip,
  type ImageSample,
  randomCrop,
  randomShift,
} from '@spikeloom/training';
import { describe, expect, test } from 'vitest';

/** A random source that gives these numbers to `below`. */
function drawing(...draws: number[]): Random {
  return { ...createRandom(0), below: () => draws.shift()! };
}

function image(rows: readonly (readonly number[])[], channels = 1): ImageSample {
  const plane = rows.flat();
  return {
    shape: [1, channels, rows.length, rows[0]!.length],
    data: Float32Array.from(Array.from({ length: channels }, () => plane).flat()),
  };
}

const square = image([
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
]);

describe('a random crop', () => {
  test.each([
    [1, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [2, 1, [0, 0, 0, 1, 2, 3, 4, 5, 6]],
    [0, 0, [5, 6, 0, 8, 9, 0, 0, 0, 0]],
    [1, 2, [0, 1, 2, 0, 4, 5, 0, 7, 8]],
  ])('with draws %i and %i is a window of the padded image', (down, right, expected) => {
    expect([...randomCrop({ padding: 1 }).apply(square, drawing(down, right)).data]).toEqual(
      expected,
    );
  });

  test('fills every channel with its own black', () => {
    const { data } = randomCrop({ padding: 1, fill: [-1, -2] }).apply(
      image([[1, 2]], 2),
      drawing(1, 2),
    );
    expect([...data]).toEqual([-1, 1, -2, 1]);
  });

  test('with more padding than image may be empty', () => {
    const { data } = randomCrop({ padding: 5, fill: 7 }).apply(square, drawing(10, 3));
    expect(new Set(data)).toEqual(new Set([7]));
  });
});

test('a shift moves all frames of a sample alike', () => {
  const frames: ImageSample = { shape: [2, 1, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  expect([...randomShift({ most: 1 }).apply(frames, drawing(1, 2)).data]).toEqual([
    0, 1, 2, 0, 4, 5,
  ]);
});

test('a flip mirrors every row, or does nothing', () => {
  const flipped = horizontalFlip({ probability: 1 }).apply(square, createRandom(1));
  expect([...flipped.data]).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
  const kept = horizontalFlip({ probability: 0 }).apply(square, createRandom(1));
  expect([...kept.data]).toEqual([...square.data]);
});

describe('a cutout', () => {
  test.each([
    [1, 1, 2, [0, 0, 3, 0, 0, 6, 7, 8, 9]],
    [0, 2, 2, [1, 0, 0, 4, 5, 6, 7, 8, 9]],
    [1, 1, 3, [0, 0, 3, 0, 0, 6, 7, 8, 9]],
    [1, 1, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])('around row %i and column %i of size %i', (row, column, size, expected) => {
    expect([...cutout({ size }).apply(square, drawing(row, column)).data]).toEqual(expected);
  });

  test('cuts the same square out of every channel', () => {
    const { data } = cutout({ size: 2 }).apply(image([[1, 2, 3]], 2), drawing(0, 1));
    expect([...data]).toEqual([0, 0, 3, 0, 0, 3]);
  });
});

describe('the images of a batch', () => {
  const augment = [randomCrop({ padding: 2 }), horizontalFlip(), cutout({ size: 2 })];
  const images = (indices: readonly number[]): Tensor =>
    tensor(
      indices.flatMap((index) => Array.from({ length: 16 }, (_, pixel) => 100 * index + pixel)),
      [indices.length, 1, 4, 4],
    );
  const run = (indices: readonly number[], epoch = 3, seed = 1): Tensor =>
    augmentBatch({ x: images(indices) }, { augment, seed, epoch, indices })['x']!;

  test('change by seed, epoch and sample, whatever else is in the batch', () => {
    const [whole, alone] = [run([4, 9, 2]), run([9])];
    expect([...whole.data.subarray(16, 32)]).toEqual([...alone.data]);
    expect([...run([9]).data]).toEqual([...alone.data]);
    for (const other of [run([9], 4), run([9], 3, 2)]) expect(other.data).not.toEqual(alone.data);
  });

  test('stay as they were in the tensor that was given', () => {
    const x = images([1, 2]);
    const before = [...x.data];
    const { x: changed } = augmentBatch({ x }, { augment, seed: 1, epoch: 0, indices: [1, 2] });
    expect([...x.data]).toEqual(before);
    expect([...changed!.data]).not.toEqual(before);
  });

  test('move with all their timesteps, which stand step by step', () => {
    const [steps, samples, pixels] = [3, 2, 25];
    const x = tensor(
      Array.from({ length: steps * samples * pixels }, (_, index) => 1 + (index % pixels)),
      [steps * samples, 1, 5, 5],
    );
    const options = { augment: [randomShift({ most: 2 })], seed: 2, epoch: 0, indices: [0, 1] };
    const rows = augmentBatch({ x }, options)['x']!;
    const row = (step: number, sample: number): number[] => {
      const from = (step * samples + sample) * pixels;
      return [...rows.data.subarray(from, from + pixels)];
    };
    for (let step = 1; step < steps; step++) {
      expect([row(step, 0), row(step, 1)]).toEqual([row(0, 0), row(0, 1)]);
    }
    expect(row(0, 0)).not.toEqual(row(0, 1));
  });

  test('must be there', () => {
    const inputs = { x: tensor([1, 2], [2, 1]) };
    expect(() => augmentBatch(inputs, { augment, seed: 0, epoch: 0, indices: [0, 1] })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', got: 'x [2, 1]' }),
    );
    expect(augmentBatch(inputs, { augment: [], seed: 0, epoch: 0, indices: [0, 1] })).toBe(inputs);
  });

  test('must keep their shape', () => {
    const halve: Augmentation = {
      id: 'example/halve',
      apply: ({ data }) => ({ shape: [1, 1, 2, 4], data: data.slice(8) }),
    };
    const options = { augment: [halve], seed: 0, epoch: 0, indices: [0] };
    expect(() => augmentBatch({ x: images([0]) }, options)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'example/halve' }),
    );
  });
});

test.each([
  ['negative padding', () => randomCrop({ padding: -1 }), 'randomCrop.padding'],
  ['half a pixel', () => randomShift({ most: 0.5 }), 'randomShift.most'],
  [
    'a probability above 1',
    () => horizontalFlip({ probability: 1.5 }),
    'horizontalFlip.probability',
  ],
  ['a negative square', () => cutout({ size: -2 }), 'cutout.size'],
  [
    'a colour too few',
    () => randomCrop({ padding: 1, fill: [1] }).apply(image([[1]], 2), createRandom(1)),
    'randomCrop.fill',
  ],
])('%s is refused', (_, make, path) => {
  expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument', path }));
});
