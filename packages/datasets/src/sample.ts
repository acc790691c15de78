import { fashionMnistClasses } from './fashion-mnist.ts';
import { gunzip } from './gunzip.ts';
import { readIdx } from './idx.ts';
import { type ImageSource, imagesInMemory } from './image-source.ts';
import { readBinary } from './read-binary.ts';

/**
 * A thousand Fashion-MNIST images that come with this package: the first of the `test` split, or the
 * first of the `train` split for calibration.
 */
export async function fashionMnistSample(split: 'test' | 'train'): Promise<ImageSource> {
  const files = {
    test: {
      images: new URL('../data/fashion-mnist-test-1000-images-idx3-ubyte.gz', import.meta.url),
      labels: new URL('../data/fashion-mnist-test-1000-labels-idx1-ubyte.gz', import.meta.url),
    },
    train: {
      images: new URL('../data/fashion-mnist-train-1000-images-idx3-ubyte.gz', import.meta.url),
      labels: new URL('../data/fashion-mnist-train-1000-labels-idx1-ubyte.gz', import.meta.url),
    },
  }[split];
  const [images, labels] = await Promise.all(
    [files.images, files.labels].map(async (url) =>
      readIdx(await gunzip(await readBinary(url), 1 << 24)),
    ),
  );
  const [, height, width] = images!.shape;
  return imagesInMemory({
    name: `fashion-mnist-sample (${split})`,
    imageShape: [1, height!, width!],
    pixels: images!.data,
    labels: labels!.data,
    classNames: fashionMnistClasses,
  });
}
