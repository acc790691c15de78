import { readIdx } from '@spikeloom/datasets';
import { createRandom, isSpikeloomError } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { idxFile, randomPixels } from './idx-file.ts';

describe('an IDX file', () => {
  test.each([[[7]], [[2, 3]], [[5, 4, 3]], [[1, 1, 1, 2]], [[0, 28, 28]]])(
    'of shape %j is read',
    (shape) => {
      const data = randomPixels(shape.reduce((size, dim) => size * dim, 1));
      const read = readIdx(idxFile(shape, data));
      expect(read.shape).toEqual(shape);
      expect(new Uint8Array(read.data)).toEqual(data);
    },
  );

  test('is read from the middle of a buffer', () => {
    const file = idxFile([2, 2], [1, 2, 3, 4]);
    const bytes = Buffer.concat([Uint8Array.of(9, 9, 9), file]).subarray(3);
    expect([...readIdx(bytes).data]).toEqual([1, 2, 3, 4]);
  });
});

describe('reading refuses', () => {
  const whole = idxFile([3, 2, 2], randomPixels(12));

  test('a file that is cut off, wherever that is', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => readIdx(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ name: 'SpikeloomError', code: 'corrupt-file' }),
      );
    }
    expect(() => readIdx(whole.subarray(0, 20))).toThrow('cut off at byte 20, expected 28 bytes');
  });

  test('bytes after the end', () => {
    expect(() => readIdx(Buffer.concat([whole, Uint8Array.of(0)]))).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringContaining('bytes after the end, from byte 28'),
      }),
    );
  });

  test.each([
    ['text', [...new TextEncoder().encode('P5 2 2 255 abcdef')], 'corrupt-file'],
    ['a wrong first byte', [1, 0, 8, 1, 0, 0, 0, 0], 'corrupt-file'],
    ['a wrong second byte', [0, 1, 8, 1, 0, 0, 0, 0], 'corrupt-file'],
    ['a rank of zero', [0, 0, 8, 0], 'corrupt-file'],
    ['floats', [0, 0, 0x0d, 1, 0, 0, 0, 0], 'unsupported'],
    ['signed bytes', [0, 0, 0x09, 1, 0, 0, 0, 0], 'unsupported'],
    ['a header of 255 sizes that is cut off', [0, 0, 8, 255, 0, 0, 0, 1], 'corrupt-file'],
  ])('%s', (_, bytes, code) => {
    expect(() => readIdx(Uint8Array.from(bytes))).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    [[0xffffffff, 0xffffffff, 0xffffffff]],
    [[0xffffffff, 28, 28]],
    [[65536, 65536, 65536]],
  ])('sizes that no file has, without making room for them: %j', (shape) => {
    expect(() => readIdx(idxFile(shape, [1]))).toThrow(
      expect.objectContaining({ code: 'corrupt-file' }),
    );
  });

  test('whatever bytes change, with a Spikeloom error and nothing else', () => {
    const random = createRandom(8);
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = whole.slice(0, random.uniform() < 0.5 ? whole.length : random.below(30));
      for (let change = random.below(4); change > 0 && bytes.length > 0; change--) {
        bytes[random.below(Math.min(bytes.length, 18))] = random.below(256);
      }
      try {
        readIdx(bytes);
      } catch (error) {
        if (!isSpikeloomError(error)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
