import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gunzip } from '../src/gunzip.ts';
import { randomPixels } from './idx-file.ts';

const plain = randomPixels(300_000);
const packed = gzipSync(plain);

test('gzip data is unpacked', async () => {
  expect(await gunzip(packed, plain.length)).toEqual(plain);
});

test('other data comes back as it is', async () => {
  expect(await gunzip(plain, 0)).toBe(plain);
});

describe('unpacking refuses', () => {
  test('more bytes than the limit', async () => {
    await expect(gunzip(packed, plain.length - 1)).rejects.toMatchObject({ code: 'too-large' });
  });

  test('a bomb, long before it has gone off', async () => {
    // 256 MB in 260 kB; a tenth of a percent of it is allowed.
    const zeros = gzipSync(new Uint8Array(2 ** 28));
    expect(zeros.length).toBeLessThan(300_000);
    await expect(gunzip(zeros, 2 ** 18)).rejects.toMatchObject({ code: 'too-large' });
  });

  test('data that is cut off, wherever that is', async () => {
    for (const length of [2, 9, 10, 100, packed.length - 9, packed.length - 1]) {
      await expect(gunzip(packed.subarray(0, length), plain.length)).rejects.toMatchObject({
        code: 'corrupt-file',
        message: expect.stringContaining('damaged or cut off'),
      });
    }
  });

  test('data with a wrong byte', async () => {
    for (const at of [3, 11, 5000, packed.length - 6]) {
      const damaged = Uint8Array.from(packed);
      damaged[at]! ^= 0xff;
      await expect(gunzip(damaged, plain.length)).rejects.toMatchObject({ code: 'corrupt-file' });
    }
  });
});
