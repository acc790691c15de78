import { readFileSync } from 'node:fs';
import {
  cropEvents,
  cropTime,
  downsampleEvents,
  type Events,
  eventsInMemory,
  type EventStream,
  type FrameOptions,
  toFrames,
} from '@spikeloom/datasets';
import { describe, expect, test } from 'vitest';
import type { PlainEvent } from './event-files.ts';

function columns(events: readonly PlainEvent[]): Events {
  return {
    x: Uint16Array.from(events, ([x]) => x),
    y: Uint16Array.from(events, ([, y]) => y),
    polarity: Uint8Array.from(events, ([, , polarity]) => polarity),
    timestamps: Float64Array.from(events, ([, , , time]) => time),
  };
}

/** Events in chunks of three, so that frames begin and end inside of them. */
function streamOf(events: readonly PlainEvent[], width: number, height: number): EventStream {
  return {
    name: 'a few',
    width,
    height,
    async *chunks() {
      for (let at = 0; at < events.length; at += 3) yield columns(events.slice(at, at + 3));
    },
  };
}

interface Vector {
  readonly events: Readonly<Record<'x' | 'y' | 'p' | 't', readonly number[]>>;
  readonly width: number;
  readonly height: number;
  readonly options: FrameOptions;
  readonly shape: readonly number[];
  readonly frames: readonly number[];
}

// What SpikingJelly's integration makes of random events.
const { frames: vectors } = JSON.parse(
  readFileSync(new URL('golden/events.json', import.meta.url), 'utf8'),
) as { readonly frames: readonly Vector[] };

describe('frames are those of SpikingJelly', () => {
  test.each(vectors)(
    '$options of $shape',
    async ({ events, width, height, options, ...expected }) => {
      const rows = events.x.map((x, at): PlainEvent => [
        x,
        events.y[at]!,
        events.p[at]!,
        events.t[at]!,
      ]);
      const { shape, data } = await toFrames(streamOf(rows, width, height), options);
      expect({ shape, frames: [...data] }).toEqual(expected);
      expect(Array.from(data).reduce((sum, value) => sum + value, 0)).toBe(rows.length);
    },
  );
});

/** One pixel, one polarity: events at these times, as how many there are in each frame. */
async function counts(times: readonly number[], options: FrameOptions): Promise<number[]> {
  const rows = times.map((time): PlainEvent => [0, 0, 1, time]);
  const { data, shape } = await toFrames(streamOf(rows, 1, 1), options);
  expect(shape).toEqual([data.length / 2, 2, 1, 1]);
  return [...data].filter((_, index) => index % 2 === 1);
}

describe('where SpikingJelly has no answer', () => {
  test.each<[string, number[], FrameOptions, number[]]>([
    ['frames without events are empty', [0, 1, 99], { by: 'time', frames: 4 }, [2, 0, 0, 1]],
    ['an instant is the last frame by time', [5, 5], { by: 'time', frames: 3 }, [0, 0, 2]],
    ['an instant is one frame by duration', [5, 5], { by: 'duration', duration: 10 }, [2]],
    ['no events are no counts', [], { by: 'time', frames: 2 }, [0, 0]],
    ['no events are one frame by duration', [], { by: 'duration', duration: 10 }, [0]],
    ['times in disorder are put in order', [50, 0, 99], { by: 'time', frames: 3 }, [1, 1, 1]],
    ['also by duration', [25, 4, 14], { by: 'duration', duration: 10 }, [1, 1, 1]],
  ])('%s', async (_, times, options, expected) => {
    expect(await counts(times, options)).toEqual(expected);
  });
});

describe('a duration with a number of frames', () => {
  const times = [100, 105, 110, 120, 139];

  test.each([
    [1, [2]],
    [2, [2, 1]],
    [4, [2, 1, 1, 1]],
    [6, [2, 1, 1, 1, 0, 0]],
  ])('of %i drops what is later and fills up what is missing', async (frames, expected) => {
    expect(await counts(times, { by: 'duration', duration: 10, frames })).toEqual(expected);
  });

  test('keeps the last event where the frames end with it', async () => {
    expect(await counts([0, 10, 20], { by: 'duration', duration: 10, frames: 2 })).toEqual([1, 2]);
    expect(await counts([0, 10, 20], { by: 'duration', duration: 10 })).toEqual([1, 2]);
  });
});

describe('frames are refused', () => {
  test.each<[string, FrameOptions, string]>([
    ['none', { by: 'count', frames: 0 }, 'invalid-argument'],
    ['half of one', { by: 'time', frames: 0.5 }, 'invalid-argument'],
    ['of no duration', { by: 'duration', duration: 0 }, 'invalid-argument'],
    ['of an endless one', { by: 'duration', duration: Infinity }, 'invalid-argument'],
    ['of a duration that is no number', { by: 'duration', duration: NaN }, 'invalid-argument'],
    ['of a nanosecond', { by: 'duration', duration: 1e-3 }, 'too-large'],
    ['more than memory holds', { by: 'count', frames: 2 ** 40 }, 'too-large'],
  ])('%s', async (_, options, code) => {
    const stream = streamOf(
      [
        [0, 0, 0, 0],
        [0, 0, 0, 1e7],
      ],
      9,
      9,
    );
    await expect(toFrames(stream, options)).rejects.toMatchObject({ code, path: 'a few' });
  });
});

describe('before frames, events', () => {
  const events: PlainEvent[] = [
    [0, 0, 0, 10],
    [3, 4, 1, 20],
    [6, 4, 0, 30],
    [2, 1, 1, 40],
  ];
  const stream = eventsInMemory({ name: 'four', width: 7, height: 5 }, columns(events));
  const rows = async (changed: EventStream): Promise<unknown> => {
    const found: PlainEvent[] = [];
    for await (const { x, y, polarity, timestamps } of changed.chunks()) {
      x.forEach((column, at) => found.push([column, y[at]!, polarity[at]!, timestamps[at]!]));
    }
    return { size: [changed.width, changed.height], found };
  };

  test('are cropped to a rectangle, from whose corner they count', async () => {
    expect(await rows(cropEvents(stream, { x: 2, y: 1, width: 4, height: 4 }))).toEqual({
      size: [4, 4],
      found: [
        [1, 3, 1, 20],
        [0, 0, 1, 40],
      ],
    });
  });

  test('are cropped to a time, the end not included', async () => {
    expect(await rows(cropTime(stream, { from: 20, to: 40 }))).toEqual({
      size: [7, 5],
      found: events.slice(1, 3),
    });
    expect(await rows(cropTime(stream, {}))).toEqual({ size: [7, 5], found: events });
  });

  test('are joined in squares, none lost', async () => {
    expect(await rows(downsampleEvents(stream, 2))).toEqual({
      size: [4, 3],
      found: [
        [0, 0, 0, 10],
        [1, 2, 1, 20],
        [3, 2, 0, 30],
        [1, 0, 1, 40],
      ],
    });
  });

  test.each([
    { x: -1, y: 0, width: 1, height: 1 },
    { x: 0, y: 0, width: 8, height: 1 },
    { x: 0, y: 3, width: 1, height: 3 },
    { x: 0, y: 0, width: 0, height: 1 },
    { x: 0.5, y: 0, width: 1, height: 1 },
  ])('are not cropped to %j', (area) => {
    expect(() => cropEvents(stream, area)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: 'four' }),
    );
  });

  test.each([0, 1.5, -2])('are not joined by %d', (factor) => {
    expect(() => downsampleEvents(stream, factor)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});
