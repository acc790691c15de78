import { type ImageBatch, imagesInMemory, normalise } from '@spikeloom/datasets';
import { fashionMnistNormalisation } from '@spikeloom/datasets';
import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { randomPixels } from './idx-file.ts';

const pixels = randomPixels(10 * 6);
const labels = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
const source = imagesInMemory({ name: 'ten', imageShape: [1, 2, 3], pixels, labels });

async function collect(options: Parameters<typeof source.batches>[0]): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const batch of source.batches(options)) batches.push(batch);
  return batches;
}

describe('batches of images in memory', () => {
  test('are in order, and the last one has what is left', async () => {
    const batches = await collect({ size: 4 });
    expect(batches.map(({ shape }) => shape)).toEqual([
      [4, 1, 2, 3],
      [4, 1, 2, 3],
      [2, 1, 2, 3],
    ]);
    expect(batches.flatMap(({ indices }) => indices)).toEqual([...labels.keys()]);
    expect(batches.flatMap((batch) => [...batch.labels])).toEqual(labels);
    expect(batches.flatMap((batch) => [...batch.pixels])).toEqual([...pixels]);
  });

  test.each([
    [{ size: 3, start: 8 }, [[8, 9]]],
    [{ size: 3, start: 2, count: 4 }, [[2, 3, 4], [5]]],
    [{ size: 100, count: 2 }, [[0, 1]]],
    [{ size: 5, start: 7, count: 100 }, [[7, 8, 9]]],
  ])('%j begin and end where they are told', async (options, expected) => {
    expect((await collect(options)).map(({ indices }) => indices)).toEqual(expected);
  });

  test('shuffled are a permutation that follows from the seed', async () => {
    const order = async (seed: number): Promise<number[]> =>
      (await collect({ size: 3, random: createRandom(seed) })).flatMap(({ indices }) => indices);
    const first = await order(7);
    expect(first.toSorted((a, b) => a - b)).toEqual([...labels.keys()]);
    expect(first).not.toEqual([...labels.keys()]);
    expect(await order(7)).toEqual(first);
    expect(await order(8)).not.toEqual(first);
  });

  test('shuffled keep every image with its label', async () => {
    for (const batch of await collect({ size: 4, start: 3, random: createRandom(7) })) {
      batch.indices.forEach((index, row) => {
        expect(index).toBeGreaterThanOrEqual(3);
        expect(batch.labels[row]).toBe(labels[index]);
        expect(batch.pixels.subarray(row * 6, row * 6 + 6)).toEqual(
          pixels.subarray(index * 6, index * 6 + 6),
        );
      });
    }
  });

  test('are copies: writing to one leaves the data alone', async () => {
    const [batch] = await collect({ size: 1 });
    batch!.pixels[0]! ^= 0xff;
    const [again] = await collect({ size: 1 });
    expect(again!.pixels[0]).toBe(pixels[0]);
  });

  test.each([
    [{ size: 0 }, 'invalid-argument'],
    [{ size: -1 }, 'invalid-argument'],
    [{ size: 1.5 }, 'invalid-argument'],
    [{ size: NaN }, 'invalid-argument'],
    [{ size: 2, start: -1 }, 'invalid-argument'],
    [{ size: 2, start: 0.5 }, 'invalid-argument'],
    [{ size: 2, start: NaN }, 'invalid-argument'],
    [{ size: 2, count: 1.5 }, 'invalid-argument'],
    [{ size: 2, start: 10 }, 'empty-batch'],
    [{ size: 2, count: 0 }, 'empty-batch'],
  ])('%j are refused', async (options, code) => {
    await expect(collect(options)).rejects.toMatchObject({ code, path: 'ten' });
  });
});

test('as many labels as images are needed', () => {
  expect(() =>
    imagesInMemory({ name: 'nine', imageShape: [1, 2, 3], pixels, labels: labels.slice(1) }),
  ).toThrow(expect.objectContaining({ code: 'corrupt-file', path: 'nine', got: '9' }));
});

describe('normalising', () => {
  const { fround } = Math;

  test('rounds to float32 after every operation', () => {
    const every = Uint8Array.from({ length: 256 }, (_, value) => value);
    const batch = { shape: [1, 1, 16, 16] as const, pixels: every };
    const expected = Float32Array.from(every, (value) =>
      fround(fround(fround(value / 255) - fround(0.286)) / fround(0.353)),
    );
    const { shape, dtype, data } = normalise(batch, fashionMnistNormalisation);
    expect({ shape, dtype }).toEqual({ shape: [1, 1, 16, 16], dtype: 'float32' });
    expect(data).toEqual(expected);
  });

  test('treats every channel of every image with its own mean and deviation', () => {
    const batch = {
      shape: [2, 2, 1, 2] as const,
      pixels: Uint8Array.of(0, 4, 0, 4, 8, 16, 8, 16),
    };
    const { data } = normalise(batch, { scale: 0.25, mean: [0, 1], std: [1, 0.5] });
    expect([...data]).toEqual([0, 1, -2, 0, 2, 4, 2, 6]);
  });
});
