import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BatchOptions, ImageBatch, ImageSource } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { createRandom } from '@spikeloom/ir';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idxFile, randomPixels } from './idx-file.ts';

// 78 kB, so that the images come in several chunks of a file.
const count = 100;
const imageBytes = 28 * 28;
const images = idxFile([count, 28, 28], randomPixels(count * imageBytes));
const labels = idxFile(
  [count],
  Uint8Array.from({ length: count }, (_, index) => index % 10),
);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spikeloom-stream-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A data set on disk, packed or not. */
async function save(suffix: string, bytes: Uint8Array = images): Promise<string> {
  const path = join(folder, `x-images-idx3-ubyte${suffix}`);
  const pack = suffix === '' ? (data: Uint8Array) => data : gzipSync;
  await writeFile(path, pack(bytes));
  await writeFile(join(folder, `x-labels-idx1-ubyte${suffix}`), pack(labels));
  return path;
}

async function collect(source: ImageSource, options: BatchOptions): Promise<ImageBatch[]> {
  const batches: ImageBatch[] = [];
  for await (const batch of source.batches(options)) batches.push(batch);
  return batches;
}

describe.each(['', '.gz'])('a stream of images (file name ends in "%s")', (suffix) => {
  test.each([
    { size: 7 },
    { size: 100 },
    { size: 1000 },
    { size: 64, start: 30 },
    { size: 64, start: 1, count: 65 },
    { size: 1, start: 99 },
  ])('gives the same batches as the images in memory: %j', async (options) => {
    const path = await save(suffix);
    const [streamed, held] = await Promise.all([
      openDataset(path, { stream: true }),
      openDataset(path),
    ]);
    expect({ ...streamed, batches: 0 }).toEqual({ ...held, batches: 0 });
    expect(await collect(streamed, options)).toEqual(await collect(held, options));
  });

  test('can be read again and twice at once', async () => {
    const source = await openDataset(await save(suffix), { stream: true });
    const [a, b] = await Promise.all([
      collect(source, { size: 50 }),
      collect(source, { size: 50 }),
    ]);
    expect(b).toEqual(a);
    expect(await collect(source, { size: 50 })).toEqual(a);
  });

  test('says where its file is cut off, and gives what comes before', async () => {
    const path = await save(suffix, images.subarray(0, 16 + 90 * imageBytes + 10));
    const source = await openDataset(path, { stream: true });
    expect(source.length).toBe(count);
    const seen: number[] = [];
    const reading = async (): Promise<void> => {
      for await (const { indices } of source.batches({ size: 30 })) seen.push(...indices);
    };
    await expect(reading()).rejects.toMatchObject({
      code: 'corrupt-file',
      path,
      message: expect.stringContaining(`cut off at byte ${16 + 90 * imageBytes + 10}`),
    });
    expect(seen).toHaveLength(90);
  });

  test('refuses a file that ends in its header', async () => {
    const path = await save(suffix, images.subarray(0, 9));
    await expect(openDataset(path, { stream: true })).rejects.toMatchObject({
      code: 'corrupt-file',
      path,
    });
  });

  test('cannot be shuffled, and says so', async () => {
    const source = await openDataset(await save(suffix), { stream: true });
    const shuffled = collect(source, { size: 5, random: createRandom(1) });
    await expect(shuffled).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('refuses batches that are not in the data', async () => {
    const source = await openDataset(await save(suffix), { stream: true });
    await expect(collect(source, { size: 0 })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(collect(source, { size: 5, start: 100 })).rejects.toMatchObject({
      code: 'empty-batch',
    });
  });

  test.skipIf(process.platform !== 'linux')(
    'closes its file when the reader stops early (open files are counted in /proc, so on Linux)',
    async () => {
      const source = await openDataset(await save(suffix), { stream: true });
      const openFiles = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
      const before = await openFiles();
      for (let round = 0; round < 20; round++) {
        for await (const batch of source.batches({ size: 10 })) if (batch.labels.length > 0) break;
        await collect(source, { size: 10, count: 20 });
      }
      expect(await openFiles()).toBeLessThan(before + 10);
    },
  );
});

test('a packed file is streamed whatever its name says', async () => {
  const path = await save('', gzipSync(images));
  const [streamed, held] = await Promise.all([
    openDataset(path, { stream: true }),
    openDataset(path),
  ]);
  expect(await collect(streamed, { size: 70 })).toEqual(await collect(held, { size: 70 }));
});

test('a packed file that is damaged in the middle is refused when it is read', async () => {
  const path = await save('.gz');
  const packed = gzipSync(images).fill(0xaa, 50_000, 50_100);
  await writeFile(path, packed);
  const source = await openDataset(path, { stream: true });
  await expect(collect(source, { size: 50 })).rejects.toMatchObject({ code: 'corrupt-file', path });
});
