import type { LabelledData } from '@spikeloom/cutoff';
import { fashionMnistNormalisation, type ImageSource, normalise } from '@spikeloom/datasets';
import type { Split } from '@spikeloom/datasets/node';
import { takeRows, type Tensor, tensor } from '@spikeloom/ir';
import { tensorData, type TrainingData } from '@spikeloom/training';
import { openFashionMnist } from '../fashion-mnist.ts';

/** Fashion-MNIST in memory, normalised as the reference does. */
export interface Images {
  /** Whether it is the whole set or the sample that comes with Spikeloom. */
  readonly isWhole: boolean;
  training(count: number): TrainingData;
  batches(split: Split, count: number): LabelledData;
}

/** The whole set where it is installed, else the bundled thousand images of each split. */
export async function openImages(counts: Readonly<Record<Split, number>>): Promise<Images> {
  const [train, test] = [await openFashionMnist('train'), await openFashionMnist('test')];
  const loaded = {
    train: await load(train.source, counts.train),
    test: await load(test.source, counts.test),
  };
  return {
    isWhole: train.isWhole && test.isWhole,
    training: (count) => {
      const { image, labels } = first(loaded.train, count);
      return tensorData({ inputs: { image }, labels });
    },
    batches: async function* (split, count) {
      const { image, labels } = first(loaded[split], count);
      const size = 250;
      for (let start = 0; start < labels.length; start += size) {
        const rows = Array.from(
          { length: Math.min(size, labels.length - start) },
          (_, row) => start + row,
        );
        yield {
          inputs: { image: takeRows(image, rows) },
          labels: labels.subarray(start, start + rows.length),
        };
      }
    } as (split: Split, count: number) => LabelledData,
  };
}

interface Labelled {
  readonly image: Tensor;
  readonly labels: Int32Array;
}

async function load(source: ImageSource, limit: number): Promise<Labelled> {
  const count = Math.min(limit, source.length);
  const shape = [count, ...source.imageShape];
  const pixels = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
  const labels = new Int32Array(count);
  let seen = 0;
  for await (const batch of source.batches({ size: 1000, count })) {
    const { data } = normalise(batch, fashionMnistNormalisation);
    pixels.set(data, (seen * pixels.length) / count);
    labels.set(batch.labels, seen);
    seen += batch.labels.length;
  }
  return { image: tensor(pixels, shape), labels };
}

function first({ image, labels }: Labelled, count: number): Labelled {
  const [rows = 0, ...rest] = image.shape;
  const kept = Math.min(count, rows);
  const size = (image.data.length / rows) * kept;
  return {
    image: tensor((image.data as Float32Array).subarray(0, size), [kept, ...rest]),
    labels: labels.subarray(0, kept),
  };
}
