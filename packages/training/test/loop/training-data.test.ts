import { imagesInMemory } from '@spikeloom/datasets';
import { tensor } from '@spikeloom/ir';
import { epochOrder, sourceData, tensorData } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';

describe('data in memory', () => {
  test('give rows by their numbers, in their order', async () => {
    const x = tensor([0, 1, 10, 11, 20, 21], [3, 2]);
    const data = tensorData({ inputs: { x }, labels: [5, 6, 7] });
    const { inputs, labels } = await data.batch([2, 0]);
    expect(data.size).toBe(3);
    expect(inputs['x']).toEqual(tensor([20, 21, 0, 1], [2, 2]));
    expect(labels).toEqual([7, 5]);
  });

  test('may have distributions for labels', async () => {
    const labels = tensor([1, 0, 0.5, 0.5], [2, 2]);
    const data = tensorData({ inputs: { x: tensor([1, 2]) }, labels });
    expect((await data.batch([1])).labels).toEqual(tensor([0.5, 0.5], [1, 2]));
  });

  test('give sequences step by step', async () => {
    // Three samples of two timesteps: sample * 10 + step.
    const frames = tensor([0, 1, 10, 11, 20, 21], [3, 2, 1]);
    const data = tensorData({ inputs: { frames }, labels: [0, 0, 0], sequences: ['frames'] });
    const { inputs } = await data.batch([2, 1]);
    expect(inputs['frames']).toEqual(tensor([20, 10, 21, 11], [4, 1]));
  });

  test('need as many rows as labels', () => {
    expect(() => tensorData({ inputs: { x: tensor([1, 2]) }, labels: [0] })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'x' }),
    );
  });
});

describe('data of a source', () => {
  const source = imagesInMemory({
    name: 'dots',
    imageShape: [1, 1, 1],
    pixels: Uint8Array.from({ length: 10 }, (_, index) => index),
    labels: Array.from({ length: 10 }, (_, index) => index % 3),
  });
  const encode = ({ pixels }: { readonly pixels: Uint8Array }) => ({
    image: tensor(pixels, [pixels.length, 1, 1, 1]),
  });

  test('are read by their numbers, runs of them at once', async () => {
    const runs: number[][] = [];
    const watched = {
      ...source,
      batches: (options: { size: number; start: number; count: number }) => {
        runs.push([options.start, options.count]);
        return source.batches(options);
      },
    };
    const { inputs, labels } = await sourceData(watched, encode).batch([7, 2, 3, 4, 0]);
    expect(inputs['image']).toEqual(tensor([7, 2, 3, 4, 0], [5, 1, 1, 1]));
    expect(labels).toEqual([1, 2, 0, 1, 0]);
    expect(runs).toEqual([
      [7, 1],
      [2, 3],
      [0, 1],
    ]);
  });

  test('may be a part of it', async () => {
    const part = sourceData(source, encode, { start: 6, count: 100 });
    expect(part.size).toBe(4);
    expect((await part.batch([0, 3])).inputs['image']!.data).toEqual(Float32Array.of(6, 9));
    expect(sourceData(source, encode, { count: 3 }).size).toBe(3);
    expect(sourceData(source, encode, { start: 20 }).size).toBe(0);
  });
});

describe('the order of an epoch', () => {
  test('has every sample once', () => {
    expect(epochOrder(50, 1, 2).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  test('depends on seed and epoch and nothing else', () => {
    const orders = [epochOrder(50, 1, 2), epochOrder(50, 1, 3), epochOrder(50, 2, 2)];
    expect(new Set(orders.map(String)).size).toBe(3);
    expect(epochOrder(50, 1, 2)).toEqual(orders[0]);
  });
});
