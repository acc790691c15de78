import { type Random, SpikeloomError, type Tensor, tensor } from '@spikeloom/ir';
import { targetDistribution } from '../target-distribution.ts';
import { randomOf } from './epoch-order.ts';
import type { TrainingBatch } from './training-data.ts';

/**
 * Mixes every image of a batch with another one of it, and their labels alike. One number per batch says how much: the
 * share of the image itself, from Beta(alpha, alpha).
 */
export interface MixOptions {
  /** alpha of adding both up, from 0 (never) to 1. Zhang et al. (2018), arXiv 1710.09412. Default 0. */
  readonly mixUp?: number;
  /** alpha of putting a rectangle of one into the other, from 0 (never) to 1. Yun et al. (2019), arXiv 1905.04899. Default 0. */
  readonly cutMix?: number;
  /** Where both have an alpha: how often a batch has rectangles. Default 0.5. */
  readonly cutShare?: number;
}

export interface MixCall {
  readonly mix: MixOptions;
  /** Of the labels. */
  readonly classes: number;
  readonly seed: number;
  readonly epoch: number;
  /** The number of the batch in its epoch, which decides with seed and epoch what happens. */
  readonly step: number;
}

/** Mixes a batch with itself in reverse order: its inputs `[N, C, H, W]` or `[T * N, C, H, W]`, step-major. */
export function mixBatch(
  { inputs, labels }: TrainingBatch,
  { mix, classes, seed, epoch, step }: MixCall,
): TrainingBatch {
  const { mixUp = 0, cutMix = 0, cutShare = 0.5 } = mix;
  const samples = 'dtype' in labels ? labels.shape[0]! : labels.length;
  // One part more than augmentation has, so that they draw different numbers.
  const random = randomOf(seed, epoch, step, samples);
  const isCut = cutMix > 0 && (mixUp === 0 || random.uniform() < cutShare);
  const alpha = isCut ? cutMix : mixUp;
  if (alpha === 0) return { inputs, labels };
  const drawn = betaOf(alpha, random);
  const place = { row: random.uniform(), column: random.uniform() };
  const images = Object.entries(inputs).filter(([, { shape }]) => shape.length === 4);
  let share = drawn;
  const mixed = images.map(([name, image]): [string, Tensor] => {
    if (!isCut) return [name, addOther(image, samples, drawn)];
    const box = boxOf(image, drawn, place);
    share =
      1 - ((box.bottom - box.top) * (box.right - box.left)) / (image.shape[2]! * image.shape[3]!);
    return [name, pasteOther(image, samples, box)];
  });
  const target = targetDistribution(labels, samples, classes);
  return {
    inputs: { ...inputs, ...Object.fromEntries(mixed) },
    labels: images.length === 0 ? labels : addOther(target, samples, share),
  };
}

/** Throws unless the numbers make sense. */
export function checkMix({ mixUp = 0, cutMix = 0, cutShare = 0.5 }: MixOptions): void {
  for (const [name, value] of Object.entries({ mixUp, cutMix, cutShare })) {
    if (value >= 0 && value <= 1) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: `train.mix.${name}`,
      message: 'images cannot be mixed like that',
      expected: '0 to 1',
      got: `${value}`,
    });
  }
}

/** A number from Beta(alpha, alpha), alpha at most 1 (Jöhnk 1964). */
function betaOf(alpha: number, random: Random): number {
  for (;;) {
    const [one, other] = [random.uniform() ** (1 / alpha), random.uniform() ** (1 / alpha)];
    const sum = one + other;
    if (sum > 0 && sum <= 1) return one / sum;
  }
}

interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** A rectangle of the form of the image, anywhere; at an edge, part of it lies outside. */
function boxOf(
  { shape }: Tensor,
  share: number,
  place: { readonly row: number; readonly column: number },
): Box {
  const between = (size: number, at: number): readonly [number, number] => {
    const half = Math.floor((size * Math.sqrt(1 - share)) / 2);
    const centre = Math.floor(at * size);
    return [Math.max(centre - half, 0), Math.min(centre + half, size)];
  };
  const [top, bottom] = between(shape[2]!, place.row);
  const [left, right] = between(shape[3]!, place.column);
  return { top, bottom, left, right };
}

/** Rows of one step in reverse order are what they are mixed with. */
function otherRow(row: number, samples: number): number {
  const step = Math.floor(row / samples);
  return step * samples + (samples - 1 - (row - step * samples));
}

function addOther({ shape, data }: Tensor, samples: number, share: number): Tensor {
  const size = data.length / shape[0]!;
  const mixed = new Float32Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const row = Math.floor(index / size);
    const other = otherRow(row, samples) * size + (index - row * size);
    mixed[index] = share * data[index]! + (1 - share) * data[other]!;
  }
  return tensor(mixed, shape);
}

function pasteOther({ shape, data }: Tensor, samples: number, box: Box): Tensor {
  const [rows, channels, height, width] = shape as readonly [number, number, number, number];
  const mixed = Float32Array.from(data);
  for (let row = 0; row < rows; row++) {
    for (let channel = 0; channel < channels; channel++) {
      const to = (row * channels + channel) * height * width;
      const from = (otherRow(row, samples) * channels + channel) * height * width;
      for (let y = box.top; y < box.bottom; y++) {
        const [start, end] = [y * width + box.left, y * width + box.right];
        mixed.set(data.subarray(from + start, from + end), to + start);
      }
    }
  }
  return tensor(mixed, shape);
}
