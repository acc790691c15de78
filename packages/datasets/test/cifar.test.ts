import { readCifar } from '@spikeloom/datasets';
import { describe, expect, test } from 'vitest';
import { randomPixels } from './idx-file.ts';

const pixels = randomPixels(3 * 3072);
const image = (index: number): Uint8Array => pixels.subarray(index * 3072, (index + 1) * 3072);
const join = (...parts: (readonly number[] | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => Uint8Array.from(part)));

test('CIFAR-10 has a label byte before every image', async () => {
  const bytes = join([7], image(0), [0], image(1), [9], image(2));
  const source = readCifar(bytes, 'data_batch_1.bin');
  expect([source.length, source.imageShape]).toEqual([3, [3, 32, 32]]);
  const { value } = await source.batches({ size: 3 }).next();
  expect([...value!.labels]).toEqual([7, 0, 9]);
  expect(value!.pixels).toEqual(pixels);
});

test('CIFAR-100 has a coarse and a fine label, and the fine one counts', async () => {
  const bytes = join([1, 71], image(0), [19, 99], image(1));
  const source = readCifar(bytes, 'test.bin');
  const { value } = await source.batches({ size: 3 }).next();
  expect([...value!.labels]).toEqual([71, 99]);
  expect(value!.pixels).toEqual(pixels.subarray(0, 2 * 3072));
});

describe('a file that is not a whole number of records is refused', () => {
  test.each([0, 1, 3072, 3075, 3 * 3073 - 1])('%i bytes', (length) => {
    expect(() => readCifar(new Uint8Array(length), 'x.bin')).toThrow(
      expect.objectContaining({ code: 'corrupt-file', path: 'x.bin', got: `${length}` }),
    );
  });
});
