import { SpikeloomError } from '@spikeloom/ir';
import type { EventStream } from './event-stream.ts';
import { selectEvents } from './select-events.ts';

/**
 * Joins squares of `factor` by `factor` pixels into one; every event stays, so counts add up. Where the size is no
 * multiple, the last column and row are of smaller squares.
 */
export function downsampleEvents(stream: EventStream, factor: number): EventStream {
  if (!Number.isInteger(factor) || factor < 1) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: stream.name,
      message: 'the factor is not a positive whole number',
      got: `${factor}`,
    });
  }
  const size = {
    width: Math.ceil(stream.width / factor),
    height: Math.ceil(stream.height / factor),
  };
  return selectEvents(
    stream,
    size,
    (x, y) => Math.floor(y / factor) * size.width + Math.floor(x / factor),
  );
}
