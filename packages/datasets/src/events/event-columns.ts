import { SpikeloomError } from '@spikeloom/ir';
import { allocateEvents, type Events, firstEvents } from './event-stream.ts';

/** What to do with events whose pixel the sensor does not have. */
export type OutsideRule = 'error' | 'drop';

/** The sensor whose events are collected. */
export interface Sensor {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly outside: OutsideRule;
}

/** Throws `invalid-argument` for a sensor without pixels or with more than coordinates can name. */
export function checkSensor(sensor: Sensor): Sensor {
  const { name, width, height } = sensor;
  for (const size of [width, height]) {
    if (Number.isInteger(size) && size > 0 && size <= 2 ** 16) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: name,
      message: 'a sensor cannot have this size',
      expected: `whole numbers from 1 to ${2 ** 16}`,
      got: `${width} x ${height}`,
    });
  }
  return sensor;
}

/** Columns that are filled event by event. */
export interface EventColumns {
  /** Adds an event; `byte` is where it lies in the file. */
  add(x: number, y: number, polarity: number, timestamp: number, byte: number): void;
  /** What was added. */
  take(): Events;
}

/** Room for some events of a sensor. */
export function eventColumns(
  { name, width, height, outside }: Sensor,
  capacity: number,
): EventColumns {
  const events = allocateEvents(capacity);
  let count = 0;
  return {
    add(x, y, polarity, timestamp, byte) {
      if (x < 0 || y < 0 || x >= width || y >= height) {
        if (outside === 'drop') return;
        throw new SpikeloomError({
          code: 'corrupt-file',
          path: name,
          message: `the event at byte ${byte} lies outside the sensor`,
          expected: `x below ${width} and y below ${height}`,
          got: `x ${x}, y ${y}`,
          fix: 'give the size of the sensor, or leave such events out with { outside: "drop" }',
        });
      }
      events.x[count] = x;
      events.y[count] = y;
      events.polarity[count] = polarity;
      events.timestamps[count] = timestamp;
      count += 1;
    },
    take: () => firstEvents(events, count),
  };
}
