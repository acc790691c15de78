/** Events of a sensor, one column for each of their numbers. */
export interface Events {
  /** Column of the pixel, from the left. */
  readonly x: Uint16Array;
  /** Row of the pixel, from the top. */
  readonly y: Uint16Array;
  /** 1 where it became brighter, 0 where darker. */
  readonly polarity: Uint8Array;
  /** Microseconds on the clock of the recording. */
  readonly timestamps: Float64Array;
}

/** A recording of an event camera. */
export interface EventStream {
  readonly name: string;
  /** Columns of the sensor. */
  readonly width: number;
  /** Rows of the sensor. */
  readonly height: number;
  /** All events, some thousands at a time, in the order of the recording; may be asked for again. */
  chunks(): AsyncGenerator<Events, void, void>;
}

/** Events that are in memory, as a stream. */
export function eventsInMemory(
  size: { readonly name: string; readonly width: number; readonly height: number },
  events: Events,
): EventStream {
  return {
    ...size,
    async *chunks() {
      yield events;
    },
  };
}

/** All events of a stream at once; takes 13 bytes of memory for each. */
export async function collectEvents(stream: EventStream): Promise<Events> {
  const chunks: Events[] = [];
  for await (const chunk of stream.chunks()) chunks.push(chunk);
  const count = chunks.reduce((sum, { x }) => sum + x.length, 0);
  const all = allocateEvents(count);
  let at = 0;
  for (const { x, y, polarity, timestamps } of chunks) {
    all.x.set(x, at);
    all.y.set(y, at);
    all.polarity.set(polarity, at);
    all.timestamps.set(timestamps, at);
    at += x.length;
  }
  return all;
}

/** Columns for a number of events. */
export function allocateEvents(count: number): Events {
  return {
    x: new Uint16Array(count),
    y: new Uint16Array(count),
    polarity: new Uint8Array(count),
    timestamps: new Float64Array(count),
  };
}

/** The first events of some columns, without copying. */
export function firstEvents({ x, y, polarity, timestamps }: Events, count: number): Events {
  return {
    x: x.subarray(0, count),
    y: y.subarray(0, count),
    polarity: polarity.subarray(0, count),
    timestamps: timestamps.subarray(0, count),
  };
}
