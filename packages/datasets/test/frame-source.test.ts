import {
  cropTime,
  downsampleEvents,
  type EventSource,
  framesOf,
  type FrameBatch,
  type FrameSource,
  mapEvents,
  movingBars,
  stepsFirst,
  toFrames,
  toSequence,
} from '@spikeloom/datasets';
import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const bars = movingBars({ seed: 5, count: 10 });

async function collect(
  source: FrameSource,
  options: Parameters<FrameSource['batches']>[0],
): Promise<FrameBatch[]> {
  const batches: FrameBatch[] = [];
  for await (const batch of source.batches(options)) batches.push(batch);
  return batches;
}

describe('batches of frames', () => {
  test('have every recording in its row', async () => {
    const source = framesOf(bars, { by: 'count', frames: 6 });
    expect([source.length, source.frameShape]).toEqual([10, [2, 16, 16]]);
    const batches = await collect(source, { size: 4, start: 1, count: 6 });
    expect(batches.map(({ shape }) => shape)).toEqual([
      [4, 6, 2, 16, 16],
      [2, 6, 2, 16, 16],
    ]);
    expect(batches.flatMap(({ indices }) => indices)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(batches.flatMap((batch) => [...batch.labels])).toEqual([1, 2, 3, 0, 1, 2]);
    const sample = 6 * 2 * 16 * 16;
    for (const { frames, indices, timesteps } of batches) {
      expect([...timesteps]).toEqual(indices.map(() => 6));
      for (const [row, index] of indices.entries()) {
        const { data } = await toFrames(bars.events(index), { by: 'count', frames: 6 });
        expect(frames.subarray(row * sample, (row + 1) * sample)).toEqual(data);
      }
    }
  });

  test('shuffle as images do', async () => {
    const source = framesOf(bars, { by: 'time', frames: 2 });
    const order = async (seed: number): Promise<number[]> =>
      (await collect(source, { size: 3, random: createRandom(seed) })).flatMap((b) => [
        ...b.indices,
      ]);
    expect(await order(1)).toEqual(await order(1));
    expect(await order(1)).not.toEqual([...Array.from({ length: 10 }).keys()]);
    expect((await order(1)).toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: 10 }).keys(),
    ]);
  });

  test('are as long as their longest recording, the others end in empty frames', async () => {
    const shorter: EventSource = {
      ...bars,
      events: (index) => cropTime(bars.events(index), { to: 4000 * (index + 1) }),
    };
    const source = framesOf(shorter, { by: 'duration', duration: 1000 });
    const [batch] = await collect(source, { size: 3 });
    expect([...batch!.timesteps]).toEqual([4, 8, 12]);
    expect(batch!.shape).toEqual([3, 12, 2, 16, 16]);
    const frame = 2 * 16 * 16;
    const eventsIn = (row: number, step: number): number =>
      batch!.frames
        .subarray((row * 12 + step) * frame, (row * 12 + step + 1) * frame)
        .reduce((sum, value) => sum + value, 0);
    expect([eventsIn(0, 3) > 0, eventsIn(0, 4), eventsIn(0, 11)]).toEqual([true, 0, 0]);
  });

  test('refuse what is not in the data', async () => {
    const source = framesOf(bars, { by: 'time', frames: 2 });
    await expect(collect(source, { size: 0 })).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(collect(source, { size: 1, start: 10 })).rejects.toMatchObject({
      code: 'empty-batch',
    });
  });
});

describe('a batch in steps', () => {
  // [N 2, T 3, 2, 1, 2], every number its own place.
  const batch = {
    shape: [2, 3, 2, 1, 2],
    frames: Float32Array.from({ length: 24 }, (_, index) => index),
  } as const;

  test('has all samples of a step together', () => {
    const { shape, data } = stepsFirst(batch);
    expect(shape).toEqual([6, 2, 1, 2]);
    expect([...data]).toEqual([
      ...[0, 1, 2, 3, 12, 13, 14, 15],
      ...[4, 5, 6, 7, 16, 17, 18, 19],
      ...[8, 9, 10, 11, 20, 21, 22, 23],
    ]);
  });

  test('is a sequence of one tensor for each step', () => {
    const steps = toSequence(batch);
    expect(steps.map(({ shape, dtype }) => [shape, dtype])).toEqual(
      Array.from({ length: 3 }, () => [[2, 2, 1, 2], 'float32']),
    );
    expect([...steps[1]!.data]).toEqual([4, 5, 6, 7, 16, 17, 18, 19]);
  });

  test('is refused where its frames do not fill its shape', () => {
    expect(() => stepsFirst({ ...batch, frames: new Float32Array(23) })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
  });
});

test('a source whose recordings are changed has the changed size', async () => {
  const small = mapEvents(bars, (stream) => downsampleEvents(stream, 4));
  expect([small.width, small.height, small.length]).toEqual([4, 4, 10]);
  const [batch] = await collect(framesOf(small, { by: 'count', frames: 2 }), { size: 1 });
  const whole = await toFrames(bars.events(0), { by: 'count', frames: 2 });
  const sum = (data: ArrayLike<number>): number => Array.from(data).reduce((a, b) => a + b, 0);
  expect(sum(batch!.frames)).toBe(sum(whole.data));
});

describe('moving bars', () => {
  test('are the same for the same seed, and others for another', async () => {
    const first = async (seed: number, index: number): Promise<unknown> =>
      (await movingBars({ seed }).events(index).chunks().next()).value;
    expect(await first(1, 3)).toEqual(await first(1, 3));
    expect(await first(1, 3)).not.toEqual(await first(2, 3));
    expect(await first(1, 3)).not.toEqual(await first(1, 7));
  });

  test('have classes in turn, and events of their sensor in order', async () => {
    expect(bars.classNames).toEqual(['right', 'left', 'down', 'up']);
    expect(Array.from(bars.labels)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
    for await (const { x, y, polarity, timestamps } of bars.events(0).chunks()) {
      expect(x.every((value) => value < 16) && y.every((value) => value < 16)).toBe(true);
      expect(new Set(polarity)).toEqual(new Set([0, 1]));
      expect(timestamps.every((time, at) => at === 0 || timestamps[at - 1]! <= time)).toBe(true);
    }
  });

  test.each([0, 1, 2, 3])(
    'of class %i move that way: their brighter edge is one pixel on a step',
    async (label) => {
      const quiet = movingBars({ seed: 8, count: 4, noise: 0 });
      const edges: number[] = [];
      for (let step = 0; step < 5; step++) {
        const between = { from: step * 1000, to: (step + 1) * 1000 };
        const stream = cropTime(quiet.events(label), between);
        const { data } = await toFrames(stream, { by: 'count', frames: 1 });
        const pixel = data.subarray(256).indexOf(1);
        edges.push(label < 2 ? pixel % 16 : Math.floor(pixel / 16));
      }
      const sign = label % 2 === 0 ? 1 : -1;
      expect(edges).toEqual(edges.map((_, step) => (edges[0]! + sign * step + 32) % 16));
    },
  );

  test.each([{ count: 0 }, { size: -1 }, { steps: 1.5 }])('are refused with %j', (options) => {
    expect(() => movingBars({ seed: 1, ...options })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});
