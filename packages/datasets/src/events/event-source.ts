import type { EventStream } from './event-stream.ts';

/** Labelled recordings. */
export interface EventSource {
  readonly name: string;
  readonly length: number;
  /** Columns of the sensor. */
  readonly width: number;
  /** Rows of the sensor. */
  readonly height: number;
  /** The class of every recording, from 0. */
  readonly labels: ArrayLike<number>;
  /** Names of the classes, if they are known. */
  readonly classNames?: readonly string[];
  /** One recording, from 0; nothing is read before its chunks are asked for. */
  events(index: number): EventStream;
}

/** A source whose every recording goes through a function, such as a crop: `mapEvents(source, (s) => downsampleEvents(s, 2))`. */
export function mapEvents(
  source: EventSource,
  change: (stream: EventStream) => EventStream,
): EventSource {
  const { name, width, height } = source;
  const changed = change({
    name,
    width,
    height,
    async *chunks() {
      // Asked for its size alone.
    },
  });
  return {
    ...source,
    width: changed.width,
    height: changed.height,
    events: (index) => change(source.events(index)),
  };
}
