import { type Random, SpikeloomError, type Tensor } from '@spikeloom/ir';

/** Pixels of some images with their classes. */
export interface ImageBatch {
  /** `[N, channels, height, width]` */
  readonly shape: readonly [number, number, number, number];
  /** 0 to 255. */
  readonly pixels: Uint8Array;
  readonly labels: Int32Array;
  /** Positions in the source, from 0. */
  readonly indices: readonly number[];
}

export interface BatchOptions {
  /** Images in a batch; the last one may have fewer. */
  readonly size: number;
  /** The first image; default 0. */
  readonly start?: number;
  /** How many images; default all that follow. */
  readonly count?: number;
  /** Shuffles with this source of randomness. */
  readonly random?: Random;
}

/** Labelled images, read batch by batch. */
export interface ImageSource {
  readonly name: string;
  readonly length: number;
  /** `[channels, height, width]` */
  readonly imageShape: readonly [number, number, number];
  /** Names of the classes, if they are known. */
  readonly classNames?: readonly string[];
  batches(options: BatchOptions): AsyncGenerator<ImageBatch, void, void>;
}

/** Images that are in memory. */
export function imagesInMemory(options: {
  readonly name: string;
  readonly imageShape: readonly [number, number, number];
  readonly pixels: Uint8Array;
  readonly labels: ArrayLike<number>;
  readonly classNames?: readonly string[];
}): ImageSource {
  const { name, imageShape, pixels, labels, classNames } = options;
  const imageBytes = imageShape[0] * imageShape[1] * imageShape[2];
  if (pixels.length !== labels.length * imageBytes) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: name,
      message: 'there are not as many labels as images',
      expected: `${pixels.length / imageBytes} labels`,
      got: `${labels.length}`,
    });
  }
  return {
    name,
    length: labels.length,
    imageShape,
    ...(classNames ? { classNames } : {}),
    async *batches(wanted) {
      const { start, end, size } = checkRange(wanted, labels.length, name);
      const order = Array.from({ length: end - start }, (_, index) => start + index);
      wanted.random?.shuffle(order);
      for (let from = 0; from < order.length; from += size) {
        const indices = order.slice(from, from + size);
        const batch = new Uint8Array(indices.length * imageBytes);
        indices.forEach((index, row) => {
          batch.set(
            pixels.subarray(index * imageBytes, (index + 1) * imageBytes),
            row * imageBytes,
          );
        });
        yield {
          shape: [indices.length, ...imageShape],
          pixels: batch,
          labels: Int32Array.from(indices, (index) => labels[index]!),
          indices,
        };
      }
    },
  };
}

/** Checks what a caller wants against what there is. */
export function checkRange(
  { size, start = 0, count }: BatchOptions,
  length: number,
  name: string,
): { start: number; end: number; size: number } {
  const end = Math.min(length, count === undefined ? length : start + count);
  const numbers = [size, start, end];
  if (
    numbers.some((number) => !Number.isInteger(number) || number < 0) ||
    size === 0 ||
    start >= end
  ) {
    throw new SpikeloomError({
      code: start >= end ? 'empty-batch' : 'invalid-argument',
      path: name,
      message: 'the batches asked for are not in the data',
      expected: `a size from 1 and images from 0 to ${length - 1}`,
      got: `size ${size}, start ${start}, count ${count ?? 'all'}`,
    });
  }
  return { start, end, size };
}

/** How pixels become input: `(pixel * scale - mean) / std`, per channel. */
export interface Normalisation {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Pixels as float32, `[N, channels, height, width]`. */
export function normalise(
  batch: Pick<ImageBatch, 'shape' | 'pixels'>,
  { scale, mean, std }: Normalisation,
): Tensor {
  const [, channels, height, width] = batch.shape;
  const plane = height * width;
  const { fround } = Math;
  const tables = Array.from({ length: channels }, (_, channel) =>
    // Rounded after every operation, as frameworks do that compute in float32.
    Float32Array.from({ length: 256 }, (_pixel, value) => {
      const centred = fround(fround(value * scale) - fround(mean[channel]!));
      return centred / fround(std[channel]!);
    }),
  );
  const data = new Float32Array(batch.pixels.length);
  for (let start = 0, image = 0; start < data.length; start += plane, image++) {
    const table = tables[image % channels]!;
    for (let index = start; index < start + plane; index++)
      data[index] = table[batch.pixels[index]!]!;
  }
  return { shape: batch.shape, dtype: 'float32', data };
}
