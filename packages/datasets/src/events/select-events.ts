import { allocateEvents, type EventStream, firstEvents } from './event-stream.ts';

/**
 * A stream of those events that a rule lets through.
 *
 * @param place where an event goes, as row * width + column of the new size; -1 drops it
 */
export function selectEvents(
  stream: EventStream,
  { width, height }: { readonly width: number; readonly height: number },
  place: (x: number, y: number, timestamp: number) => number,
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
          const pixel = place(x[at]!, y[at]!, timestamps[at]!);
          if (pixel < 0) continue;
          kept.x[count] = pixel % width;
          kept.y[count] = Math.floor(pixel / width);
          kept.polarity[count] = polarity[at]!;
          kept.timestamps[count] = timestamps[at]!;
          count += 1;
        }
        yield firstEvents(kept, count);
      }
    },
  };
}
