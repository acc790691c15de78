import { formatShape, type Random, SpikeloomError, type Tensor } from '@spikeloom/ir';
import { randomOf } from './epoch-order.ts';

/** One sample; a still image has one frame. */
export interface ImageSample {
  readonly shape: readonly [frames: number, channels: number, height: number, width: number];
  readonly data: Float32Array;
}

/** A random change that leaves the class of an image what it was. */
export interface Augmentation {
  /** `vendor/name`. */
  readonly id: string;
  /** A changed copy, of the same shape. All frames change alike. */
  apply(sample: ImageSample, random: Random): ImageSample;
}

export interface AugmentOptions {
  /** Done one after the other. */
  readonly augment: readonly Augmentation[];
  readonly seed: number;
  readonly epoch: number;
  /** The numbers of the samples, which decide with seed and epoch what happens to each. */
  readonly indices: readonly number[];
}

/** Augments the images of a batch: its inputs `[N, C, H, W]` or `[T * N, C, H, W]`, step-major. */
export function augmentBatch(
  inputs: Readonly<Record<string, Tensor>>,
  options: AugmentOptions,
): Readonly<Record<string, Tensor>> {
  if (options.augment.length === 0) return inputs;
  const images = Object.entries(inputs).filter(([, { shape }]) => shape.length === 4);
  if (images.length === 0) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: 'augment',
      message: 'the batch has no images to augment',
      expected: 'an input [N, C, H, W]',
      got: Object.entries(inputs)
        .map(([name, { shape }]) => `${name} ${formatShape(shape)}`)
        .join(', '),
    });
  }
  const changed = images.map(([name, images4d]) => [name, augmentImages(images4d, options)]);
  return { ...inputs, ...Object.fromEntries(changed) };
}

function augmentImages(images: Tensor, { augment, seed, epoch, indices }: AugmentOptions): Tensor {
  const [rows, channels, height, width] = images.shape as [number, number, number, number];
  const frames = rows / indices.length;
  const size = channels * height * width;
  const data = Float32Array.from(images.data);
  indices.forEach((index, sample) => {
    const random = randomOf(seed, epoch, index);
    const at = (frame: number): number => (frame * indices.length + sample) * size;
    const own = new Float32Array(frames * size);
    for (let frame = 0; frame < frames; frame++)
      own.set(data.subarray(at(frame), at(frame) + size), frame * size);
    let current: ImageSample = { shape: [frames, channels, height, width], data: own };
    for (const augmentation of augment) current = applyOne(augmentation, current, random);
    for (let frame = 0; frame < frames; frame++)
      data.set(current.data.subarray(frame * size, (frame + 1) * size), at(frame));
  });
  return { shape: images.shape, dtype: 'float32', data };
}

function applyOne(augmentation: Augmentation, sample: ImageSample, random: Random): ImageSample {
  const result = augmentation.apply(sample, random);
  if (result.shape.join() === sample.shape.join()) return result;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    path: augmentation.id,
    message: 'an augmentation leaves the shape of an image as it is',
    expected: formatShape(sample.shape),
    got: formatShape(result.shape),
  });
}
