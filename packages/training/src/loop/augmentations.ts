import { SpikeloomError } from '@spikeloom/ir';
import type { Augmentation, ImageSample } from './augmentation.ts';

export interface RandomCropOptions {
  /** Pixels added on every side before the crop. */
  readonly padding: number;
  /** What they hold, one number or one per channel. Default 0; black is `-mean / std` after a normalisation. */
  readonly fill?: number | readonly number[];
}

/** Pads an image and cuts one of its size out of it, anywhere. */
export function randomCrop({ padding, fill = 0 }: RandomCropOptions): Augmentation {
  requirePixels('randomCrop', 'padding', padding);
  return {
    id: 'spikeloom/random-crop',
    apply: (sample, random) => {
      const down = random.below(2 * padding + 1) - padding;
      const right = random.below(2 * padding + 1) - padding;
      return shift(sample, down, right, fill);
    },
  };
}

export interface RandomShiftOptions {
  /** The largest distance along each axis, in pixels. The reference code for event data has 25. */
  readonly most: number;
}

/** Moves all frames of a sample together; zeros come in. For event data. */
export function randomShift({ most }: RandomShiftOptions): Augmentation {
  requirePixels('randomShift', 'most', most);
  return { ...randomCrop({ padding: most }), id: 'spikeloom/random-shift' };
}

export interface HorizontalFlipOptions {
  /** How often. Default 0.5. */
  readonly probability?: number;
}

/** Mirrors an image, left and right. */
export function horizontalFlip({ probability = 0.5 }: HorizontalFlipOptions = {}): Augmentation {
  if (!(probability >= 0 && probability <= 1))
    throw invalid('horizontalFlip', 'probability', '0 to 1', probability);
  return {
    id: 'spikeloom/horizontal-flip',
    apply(sample, random) {
      if (random.uniform() >= probability) return sample;
      const width = sample.shape[3];
      const data = new Float32Array(sample.data.length);
      for (let row = 0; row < data.length; row += width) {
        for (let column = 0; column < width; column++)
          data[row + column] = sample.data[row + width - 1 - column]!;
      }
      return { shape: sample.shape, data };
    },
  };
}

export interface CutoutOptions {
  /** Side of the square in pixels; an odd one counts as one less, as in the authors' code. */
  readonly size: number;
}

/**
 * Zeroes a square whose centre is anywhere in the image; at an edge, part of it lies outside.
 *
 * Source: DeVries & Taylor (2017), arXiv 1708.04552.
 */
export function cutout({ size }: CutoutOptions): Augmentation {
  requirePixels('cutout', 'size', size);
  const half = Math.floor(size / 2);
  return {
    id: 'spikeloom/cutout',
    apply({ shape, data: source }, random) {
      const [, , height, width] = shape;
      const [row, column] = [random.below(height), random.below(width)];
      const [left, right] = [Math.max(column - half, 0), Math.min(column + half, width)];
      const data = Float32Array.from(source);
      for (let plane = 0; plane < data.length; plane += height * width) {
        for (let y = Math.max(row - half, 0); y < Math.min(row + half, height); y++)
          data.fill(0, plane + y * width + left, plane + y * width + right);
      }
      return { shape, data };
    },
  };
}

/** Moves an image down and to the right; what leaves is lost. */
function shift(
  { shape, data: source }: ImageSample,
  down: number,
  right: number,
  fill: number | readonly number[],
): ImageSample {
  const [frames, channels, height, width] = shape;
  const fills = typeof fill === 'number' ? Array.from({ length: channels }, () => fill) : fill;
  if (fills.length !== channels)
    throw invalid('randomCrop', 'fill', `${channels} numbers`, fills.length);
  const data = new Float32Array(source.length);
  const [from, to] = [Math.max(right, 0), Math.min(width + right, width)];
  // Nothing of the image is left where it was moved by more than its width.
  const bottom = from < to ? Math.min(height + down, height) : 0;
  for (let plane = 0; plane < frames * channels; plane++) {
    const start = plane * height * width;
    data.fill(fills[plane % channels]!, start, start + height * width);
    for (let y = Math.max(down, 0); y < bottom; y++) {
      const origin = start + (y - down) * width - right;
      data.set(source.subarray(origin + from, origin + to), start + y * width + from);
    }
  }
  return { shape, data };
}

function requirePixels(path: string, name: string, pixels: number): void {
  if (!Number.isSafeInteger(pixels) || pixels < 0)
    throw invalid(path, name, 'a whole number of pixels', pixels);
}

function invalid(path: string, name: string, expected: string, got: number): SpikeloomError {
  return new SpikeloomError({
    code: 'invalid-argument',
    path: `${path}.${name}`,
    message: 'the augmentation cannot be done',
    expected,
    got: `${got}`,
  });
}
