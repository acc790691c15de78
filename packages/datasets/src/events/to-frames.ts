import { SpikeloomError, type Tensor } from '@spikeloom/ir';
import type { EventStream } from './event-stream.ts';

/** How a recording is cut into frames. */
export type FrameOptions =
  | {
      /** Every frame has as many events as every other; the last one takes what is left over. */
      readonly by: 'count';
      readonly frames: number;
    }
  | {
      /** Every frame lasts as long as every other; the last one takes what is left over. */
      readonly by: 'time';
      readonly frames: number;
    }
  | {
      /** Every frame lasts this long, in microseconds from the first event on. */
      readonly by: 'duration';
      readonly duration: number;
      /** Exactly so many: later events are dropped, missing frames are empty. Default: as many as it takes. */
      readonly frames?: number;
    };

/**
 * Adds up the events of a recording: `[T, 2, height, width]`, how many events every pixel had in every frame,
 * darker ones in channel 0 and brighter ones in channel 1. Reads the recording twice, a chunk at a time.
 *
 * With N events from t0 to t1, in microseconds: event k is in frame min(floor(k / floor(N / T)), T - 1) by count;
 * one at t in frame min(floor((t - t0) / floor((t1 - t0) / T)), T - 1) by time, and
 * min(floor((t - t0) / duration), T - 1) with T = ceil((t1 - t0) / duration) by duration. As SpikingJelly's
 * `integrate_events_by_fixed_frames_number` and `…_by_fixed_duration` do where times ascend. None drops an event,
 * unless `frames` cuts `duration` short. Where SpikingJelly has no answer: frames without events are empty; all
 * events at one instant are in the last frame, and one frame by duration; times that do not ascend count from
 * the earliest.
 *
 * Throws `invalid-argument` for frames or a duration that are not positive, `too-large` for more than 2^31 numbers.
 */
export async function toFrames(stream: EventStream, options: FrameOptions): Promise<Tensor> {
  const span = await measure(stream);
  const { frames, frameOf } = plan(span, options, stream.name);
  const { width, height } = stream;
  const shape = [frames, 2, height, width];
  const size = frames * 2 * height * width;
  if (size > maxNumbers) throw tooLarge(stream.name, shape);
  const data = new Float32Array(size);
  let index = 0;
  for await (const { x, y, polarity, timestamps } of stream.chunks()) {
    for (let at = 0; at < x.length; at++, index++) {
      const frame = frameOf(index, timestamps[at]!);
      if (frame >= frames) continue;
      const channel = frame * 2 + (polarity[at] ? 1 : 0);
      data[(channel * height + y[at]!) * width + x[at]!]! += 1;
    }
  }
  return { shape, dtype: 'float32', data };
}

const maxNumbers = 2 ** 31;

/** How many events there are, and between which times. */
interface Span {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

async function measure(stream: EventStream): Promise<Span> {
  let count = 0;
  let from = Infinity;
  let to = -Infinity;
  for await (const { timestamps } of stream.chunks()) {
    count += timestamps.length;
    for (const time of timestamps) {
      if (time < from) from = time;
      if (time > to) to = time;
    }
  }
  return count === 0 ? { count, from: 0, to: 0 } : { count, from, to };
}

/** How many frames there are, and in which one an event is; beyond the last it is dropped. */
interface FramePlan {
  readonly frames: number;
  frameOf(index: number, time: number): number;
}

function plan({ count, from, to }: Span, options: FrameOptions, name: string): FramePlan {
  const { frames } = options;
  if (frames !== undefined && (!Number.isInteger(frames) || frames < 1)) {
    throw invalid(name, 'the number of frames is not a positive whole number', `${frames}`);
  }
  if (options.by === 'duration') {
    const { duration } = options;
    if (!(duration > 0 && duration < Infinity)) {
      throw invalid(name, 'the duration of a frame is not positive', `${duration}`);
    }
    const full = Math.max(1, Math.ceil((to - from) / duration));
    return {
      frames: frames ?? full,
      frameOf: (_, time) => Math.min(Math.floor((time - from) / duration), full - 1),
    };
  }
  const last = options.frames - 1;
  if (options.by === 'count') {
    const share = Math.floor(count / options.frames);
    return { frames: options.frames, frameOf: (index) => part(index, share, last) };
  }
  const length = Math.floor((to - from) / options.frames);
  return { frames: options.frames, frameOf: (_, time) => part(time - from, length, last) };
}

/** Parts of no length hold nothing, and the last one takes everything. */
function part(position: number, length: number, last: number): number {
  return length === 0 ? last : Math.min(Math.floor(position / length), last);
}

function invalid(path: string, message: string, got: string): SpikeloomError {
  return new SpikeloomError({ code: 'invalid-argument', path, message, got });
}

function tooLarge(path: string, shape: readonly number[]): SpikeloomError {
  return new SpikeloomError({
    code: 'too-large',
    path,
    message: 'the frames would not fit into memory',
    expected: `at most ${maxNumbers} numbers`,
    got: `[${shape.join(', ')}]`,
    fix: 'make fewer and longer frames, or make the events coarser',
  });
}
