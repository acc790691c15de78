import { type EventSource, framesOf, stepsFirst } from '@spikeloom/datasets';
import { type Graph, graphInputs, SpikeloomError } from '@spikeloom/ir';
import type { Samples } from './open-samples.ts';

export interface FrameSamplesOptions {
  readonly by: 'count' | 'time';
  /** Frames of a recording: T. */
  readonly timesteps: number;
  /** Whether both polarities are added up as a third channel. */
  readonly sum: boolean;
}

/** Recordings as sequences of frames, read when they are learnt. */
export function frameSamples(
  source: EventSource,
  { by, timesteps, sum }: FrameSamplesOptions,
): Samples {
  const frames = framesOf(source, { by, frames: timesteps });
  const [, height, width] = frames.frameShape;
  const imageShape = [sum ? 3 : 2, height, width];
  return {
    imageShape,
    ...(source.classNames ? { classNames: source.classNames } : {}),
    isSequence: true,
    dataFor(graph, { start, limit = source.length }) {
      const input = inputFor(graph, imageShape, source.name);
      return {
        size: Math.max(Math.min(source.length - start, limit), 0),
        async batch(indices) {
          const numbers = timesteps * 2 * height * width;
          const all = new Float32Array(indices.length * numbers);
          for (const [row, index] of indices.entries()) {
            const wanted = { size: 1, start: start + index, count: 1 };
            for await (const one of frames.batches(wanted)) all.set(one.frames, row * numbers);
          }
          const shape = [indices.length, timesteps, 2, height, width] as const;
          const batch = sum ? withSum({ shape, frames: all }) : { shape, frames: all };
          return {
            inputs: { [input]: stepsFirst(batch) },
            labels: indices.map((index) => source.labels[start + index]!),
          };
        },
      };
    },
  };
}

interface Frames {
  /** `[N, T, channels, height, width]` */
  readonly shape: readonly [number, number, number, number, number];
  readonly frames: Float32Array;
}

/** Puts the sum of both polarities behind them. */
function withSum({ shape, frames }: Frames): Frames {
  const [samples, timesteps, , height, width] = shape;
  const plane = height * width;
  const wider = new Float32Array(samples * timesteps * 3 * plane);
  for (let frame = 0; frame < samples * timesteps; frame++) {
    const [from, to] = [frame * 2 * plane, frame * 3 * plane];
    wider.set(frames.subarray(from, from + 2 * plane), to);
    for (let pixel = 0; pixel < plane; pixel++)
      wider[to + 2 * plane + pixel] = frames[from + pixel]! + frames[from + plane + pixel]!;
  }
  return { shape: [samples, timesteps, 3, height, width], frames: wider };
}

/** The one input of a network that takes such frames. */
function inputFor(graph: Graph, imageShape: readonly number[], name: string): string {
  const [only, ...others] = [...graphInputs(graph)];
  const expected = only?.[1].shape.slice(1).join(' x ');
  const got = imageShape.join(' x ');
  if (only && others.length === 0 && expected === got) return only[0];
  throw new SpikeloomError({
    code: 'shape-mismatch',
    path: name,
    message: 'the frames do not fit the network (channels x height x width)',
    expected: expected ?? 'one input',
    got,
  });
}
