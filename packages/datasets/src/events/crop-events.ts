import { SpikeloomError } from '@spikeloom/ir';
import { selectEvents } from './select-events.ts';
import type { EventStream } from './event-stream.ts';

/** A rectangle of pixels. */
export interface PixelArea {
  /** First column. */
  readonly x: number;
  /** First row. */
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The events in a rectangle of the sensor, counted from its corner; the others are dropped. */
export function cropEvents(stream: EventStream, area: PixelArea): EventStream {
  const { x, y, width, height } = area;
  const numbers = [x, y, width, height];
  const isInside =
    numbers.every((value) => Number.isInteger(value) && value >= 0) &&
    width > 0 &&
    height > 0 &&
    x + width <= stream.width &&
    y + height <= stream.height;
  if (!isInside) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: stream.name,
      message: 'the rectangle is not part of the sensor',
      expected: `pixels of ${stream.width} x ${stream.height}`,
      got: `${width} x ${height} from ${x}, ${y}`,
    });
  }
  return selectEvents(stream, { width, height }, (column, row) => {
    const isKept = column >= x && row >= y && column < x + width && row < y + height;
    return isKept ? (row - y) * width + (column - x) : -1;
  });
}

/** The events from one time on and before another, in microseconds on the clock of the recording. */
export function cropTime(
  stream: EventStream,
  { from = -Infinity, to = Infinity }: { readonly from?: number; readonly to?: number },
): EventStream {
  return selectEvents(stream, stream, (x, y, timestamp) =>
    timestamp >= from && timestamp < to ? y * stream.width + x : -1,
  );
}
