import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openDataset } from '@spikeloom/datasets/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idxFile, randomPixels } from './idx-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spikeloom-data-'));
});
afterAll(() => rm(folder, { recursive: true }));

const save = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
};
const images = (count: number, seed = 1): Uint8Array =>
  idxFile([count, 4, 5], randomPixels(count * 20, seed));
const labels = (count: number): Uint8Array =>
  idxFile(
    [count],
    Uint8Array.from({ length: count }, (_, index) => index % 10),
  );

describe('a data set is opened', () => {
  test('by its name, in the split that is asked for', async () => {
    const [test_, train] = await Promise.all([
      openDataset('fashion-mnist-sample'),
      openDataset('fashion-mnist-sample', { split: 'train' }),
    ]);
    expect([test_.name, train.name]).toEqual([
      'fashion-mnist-sample (test)',
      'fashion-mnist-sample (train)',
    ]);
  });

  test('by its folder, plain or packed, test and train apart', async () => {
    await save('both/train-images-idx3-ubyte', images(7));
    await save('both/train-labels-idx1-ubyte', labels(7));
    await save('both/t10k-images-idx3-ubyte.gz', gzipSync(images(3)));
    await save('both/t10k-labels-idx1-ubyte.gz', gzipSync(labels(3)));
    const path = join(folder, 'both');
    expect((await openDataset(path)).length).toBe(3);
    expect((await openDataset(path, { split: 'train' })).length).toBe(7);
    expect((await openDataset(path, { split: 'test' })).imageShape).toEqual([1, 4, 5]);
  });

  test('from the unpacked file where both are there', async () => {
    await save('twice/t10k-images-idx3-ubyte', images(4));
    await save('twice/t10k-labels-idx1-ubyte', labels(4));
    await save('twice/t10k-images-idx3-ubyte.gz', gzipSync(images(9)));
    expect((await openDataset(join(folder, 'twice'))).length).toBe(4);
  });

  test('by the name of its images, with the labels beside them', async () => {
    const path = await save('one/my-images-idx3-ubyte', images(5));
    await save('one/my-labels-idx1-ubyte', labels(5));
    const source = await openDataset(path);
    const { value } = await source.batches({ size: 5 }).next();
    expect([...value!.labels]).toEqual([0, 1, 2, 3, 4]);
    expect(value!.pixels).toEqual(randomPixels(100));
    expect(source.classNames).toBeUndefined();
  });

  test('by a file in the binary form of CIFAR', async () => {
    const path = await save('batch.bin', new Uint8Array(2 * 3073));
    const source = await openDataset(path);
    expect([source.length, source.imageShape]).toEqual([2, [3, 32, 32]]);
  });
});

describe('opening refuses', () => {
  test('what does not exist', async () => {
    const path = join(folder, 'nowhere');
    await expect(openDataset(path)).rejects.toMatchObject({ code: 'not-found', path });
    await expect(openDataset('fashoin-mnist')).rejects.toMatchObject({
      code: 'not-found',
      path: 'fashoin-mnist',
      expected: expect.stringContaining('fashion-mnist-sample'),
    });
  });

  test('a folder without images of the split, and says what it found', async () => {
    await save('trainonly/train-images-idx3-ubyte', images(2));
    await save('trainonly/readme.txt', Uint8Array.of(1));
    const path = join(folder, 'trainonly');
    await expect(openDataset(path)).rejects.toMatchObject({
      code: 'not-found',
      path,
      got: 'train-images-idx3-ubyte',
    });
  });

  test('a folder with several sets, and says how to choose', async () => {
    await save('several/a-images-idx3-ubyte', images(2));
    await save('several/b-images-idx3-ubyte', images(2));
    const path = join(folder, 'several');
    await expect(openDataset(path)).rejects.toMatchObject({
      code: 'invalid-argument',
      path,
      got: 'a-images-idx3-ubyte, b-images-idx3-ubyte',
      fix: expect.stringContaining(join(path, 'a-images-idx3-ubyte')),
    });
  });

  test('images whose labels are missing', async () => {
    const path = await save('nolabels/t10k-images-idx3-ubyte', images(2));
    const missing = {
      code: 'not-found',
      path,
      expected: path.replace('images-idx3', 'labels-idx1'),
    };
    await expect(openDataset(path)).rejects.toMatchObject(missing);
    await expect(openDataset(dirname(path))).rejects.toMatchObject(missing);
  });

  test('a file whose name does not say where its labels are', async () => {
    const path = await save('pictures', images(2));
    await expect(openDataset(path)).rejects.toMatchObject({
      code: 'not-found',
      path,
      expected: expect.stringContaining('images-idx3'),
    });
  });

  test.each([false, true])('fewer labels than images (stream: %s)', async (stream) => {
    const path = await save('fewer/t10k-images-idx3-ubyte', images(3));
    await save('fewer/t10k-labels-idx1-ubyte', labels(2));
    await expect(openDataset(path, { stream })).rejects.toMatchObject({
      code: 'corrupt-file',
      path,
      got: '2',
    });
  });

  test.each([false, true])('images that are not grey images (stream: %s)', async (stream) => {
    const path = await save('flat/t10k-images-idx3-ubyte', idxFile([2, 6], randomPixels(12)));
    await save('flat/t10k-labels-idx1-ubyte', labels(2));
    await expect(openDataset(path, { stream })).rejects.toMatchObject({
      code: 'corrupt-file',
      path,
      got: '[2, 6]',
    });
  });

  test.each([false, true])('files that are no IDX files, by name (stream: %s)', async (stream) => {
    const path = await save('text/t10k-images-idx3-ubyte', new TextEncoder().encode('hello'));
    await save('text/t10k-labels-idx1-ubyte', labels(2));
    await expect(openDataset(path, { stream })).rejects.toMatchObject({
      code: 'corrupt-file',
      path,
    });
  });

  test.each([false, true])('packed files that are damaged (stream: %s)', async (stream) => {
    const path = await save(
      'damaged/t10k-images-idx3-ubyte.gz',
      gzipSync(images(2)).fill(0x55, 12, 30),
    );
    await save('damaged/t10k-labels-idx1-ubyte.gz', gzipSync(labels(2)));
    await expect(openDataset(path, { stream })).rejects.toMatchObject({
      code: 'corrupt-file',
      path,
    });
  });
});
