import { allocateEvents, type EventStream, firstEvents } from './event-stream.ts';

/** One event of a stream. */
export interface EventAt {
  readonly x: number;
  readonly y: number;
  readonly timestamp: number;
}

/** A stream of those events that a rule lets through, at the pixels it says. */
export function selectEvents(
  stream: EventStream,
  { width, height }: { readonly width: number; readonly height: number },
  rule: (event: EventAt, emit: (x: number, y: number) => void) => void,
): EventStream {
  return {
    name: stream.name,
    width,
    height,
    async *chunks() {
      for await (const { x, y, polarity, timestamps } of stream.chunks()) {
        const kept = allocateEvents(x.length);
        let count = 0;
        for (let at = 0; at < x.length; at++) {
          const event = { x: x[at]!, y: y[at]!, timestamp: timestamps[at]! };
          rule(event, (column, row) => {
            kept.x[count] = column;
            kept.y[count] = row;
            kept.polarity[count] = polarity[at]!;
            kept.timestamps[count] = event.timestamp;
            count += 1;
          });
        }
        yield firstEvents(kept, count);
      }
    },
  };
}
