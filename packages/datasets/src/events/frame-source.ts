import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import { type BatchOptions, checkRange } from '../image-source.ts';
import type { EventSource } from './event-source.ts';
import { type FrameOptions, toFrames } from './to-frames.ts';

/** Frames of some recordings with their classes. */
export interface FrameBatch {
  /** `[N, T, 2, height, width]` */
  readonly shape: readonly [number, number, number, number, number];
  /** Events in each pixel. */
  readonly frames: Float32Array;
  /** Frames that each recording has of its own; those after them are empty and fill up to T. */
  readonly timesteps: Int32Array;
  readonly labels: Int32Array;
  /** Positions in the source, from 0. */
  readonly indices: readonly number[];
}

/** Labelled recordings as frames, read batch by batch. */
export interface FrameSource {
  readonly name: string;
  readonly length: number;
  /** `[2, height, width]` */
  readonly frameShape: readonly [number, number, number];
  readonly classNames?: readonly string[];
  /** Throws what reading the recordings throws, `empty-batch` or `invalid-argument`. */
  batches(options: BatchOptions): AsyncGenerator<FrameBatch, void, void>;
}

/**
 * Turns the recordings of a source into frames when they are asked for. By duration without `frames`, recordings
 * of a batch may differ in T; shorter ones are filled up with empty frames.
 */
export function framesOf(source: EventSource, options: FrameOptions): FrameSource {
  const { name, length, width, height, classNames, labels } = source;
  return {
    name,
    length,
    frameShape: [2, height, width],
    ...(classNames ? { classNames } : {}),
    async *batches(wanted) {
      const { start, end, size } = checkRange(wanted, length, name);
      const order = Array.from({ length: end - start }, (_, index) => start + index);
      wanted.random?.shuffle(order);
      for (let from = 0; from < order.length; from += size) {
        const indices = order.slice(from, from + size);
        const parts: Tensor[] = [];
        for (const index of indices) parts.push(await toFrames(source.events(index), options));
        yield {
          ...stack(parts, [2, height, width]),
          labels: Int32Array.from(indices, (index) => labels[index]!),
          indices,
        };
      }
    },
  };
}

function stack(
  parts: readonly Tensor[],
  [channels, height, width]: readonly [number, number, number],
): Pick<FrameBatch, 'shape' | 'frames' | 'timesteps'> {
  const timesteps = Int32Array.from(parts, ({ shape }) => shape[0]!);
  const longest = Math.max(...timesteps);
  const sample = longest * channels * height * width;
  const frames = new Float32Array(parts.length * sample);
  parts.forEach(({ data }, row) => frames.set(data, row * sample));
  return { shape: [parts.length, longest, channels, height, width], frames, timesteps };
}

/**
 * The frames of a batch step by step: one tensor `[N, 2, height, width]` for every timestep, as the runtime takes
 * a sequence. They share the memory of `stepsFirst`.
 */
export function toSequence(batch: Pick<FrameBatch, 'shape' | 'frames'>): readonly Tensor[] {
  const { shape, dtype, data } = stepsFirst(batch);
  const [samples, timesteps] = batch.shape;
  const step = data.length / timesteps;
  return Array.from({ length: timesteps }, (_, index) => ({
    shape: [samples, ...shape.slice(1)],
    dtype,
    data: data.subarray(index * step, (index + 1) * step),
  }));
}

/** The frames of a batch as `[T * N, 2, height, width]`, all samples of a step together, as training takes them. */
export function stepsFirst({ shape, frames }: Pick<FrameBatch, 'shape' | 'frames'>): Tensor {
  const [samples, timesteps, ...rest] = shape;
  const frame = rest[0] * rest[1] * rest[2];
  if (frames.length !== samples * timesteps * frame) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: 'stepsFirst',
      message: 'the frames do not fill their shape',
      expected: `${samples * timesteps * frame} numbers for [${shape.join(', ')}]`,
      got: `${frames.length}`,
    });
  }
  const data = new Float32Array(frames.length);
  for (let sample = 0; sample < samples; sample++) {
    for (let step = 0; step < timesteps; step++) {
      const from = (sample * timesteps + step) * frame;
      data.set(frames.subarray(from, from + frame), (step * samples + sample) * frame);
    }
  }
  return { shape: [timesteps * samples, ...rest], dtype: 'float32', data };
}
