import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fashionMnistSample } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { describe, expect, test } from 'vitest';

const expected = {
  test: {
    sha256: '8d46efb2efae7259de048298adb99140d06082b91c430833a54d7ce30f21c9c9',
    histogram: [107, 105, 111, 93, 115, 87, 97, 95, 95, 95],
  },
  train: {
    sha256: '7350186bf86b76af65f1c8f921436fd67c69c61ba7dd0f51a5047991359cd2d9',
    histogram: [107, 104, 86, 92, 95, 100, 100, 115, 102, 99],
  },
};

describe.each(['test', 'train'] as const)('the bundled %s sample', (split) => {
  test('is a thousand images of Fashion-MNIST', async () => {
    const source = await fashionMnistSample(split);
    expect([source.length, source.imageShape, source.classNames?.length]).toEqual([
      1000,
      [1, 28, 28],
      10,
    ]);
    const { value } = await source.batches({ size: 1000 }).next();
    const { pixels, labels } = value!;
    expect(createHash('sha256').update(pixels).digest('hex')).toBe(expected[split].sha256);
    const histogram = Array.from({ length: 10 }, (_, label) => labels.filter((l) => l === label));
    expect(histogram.map(({ length }) => length)).toEqual(expected[split].histogram);
  });

  test.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))(
    'is the beginning of the full set (needs the Debian package dataset-fashion-mnist)',
    async () => {
      const [sample, full] = await Promise.all([
        fashionMnistSample(split),
        openDataset('fashion-mnist', { split, stream: true }),
      ]);
      expect(full.length).toBe(split === 'train' ? 60_000 : 10_000);
      expect(full.classNames).toEqual(sample.classNames);
      const batches = await Promise.all(
        [sample, full].map(async (source) => (await source.batches({ size: 1000 }).next()).value!),
      );
      expect(batches[0]!.labels).toEqual(batches[1]!.labels);
      expect(Buffer.compare(batches[0]!.pixels, batches[1]!.pixels)).toBe(0);
    },
  );
});
