import { createRandom, type Random, SpikeloomError } from '@spikeloom/ir';
import type { EventSource } from './event-source.ts';
import { allocateEvents, type Events, eventsInMemory } from './event-stream.ts';

export interface MovingBarsOptions {
  /** How many recordings; their classes take turns. Default 40. */
  readonly count?: number;
  /** Columns and rows of the sensor. Default 16. */
  readonly size?: number;
  /** Steps of one pixel; the bar comes in again where it went out. Default 16. */
  readonly steps?: number;
  /** Events at random pixels, for each pixel and step. Default 0.01. */
  readonly noise?: number;
  readonly seed: number;
}

/**
 * Makes recordings of a bar that moves right, left, down or up, one pixel a millisecond: events of brighter pixels
 * in front of it, of darker ones behind, and noise. For examples and tests; the same seed gives the same events.
 */
export function movingBars(options: MovingBarsOptions): EventSource {
  const { count = 40, size = 16, steps = 16, noise = 0.01, seed } = options;
  for (const [name, value] of Object.entries({ count, size, steps })) {
    if (Number.isInteger(value) && value > 0 && value <= 2 ** 16) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: `movingBars ${name}`,
      message: 'this is no positive whole number',
      got: `${value}`,
    });
  }
  return {
    name: `moving bars (seed ${seed})`,
    length: count,
    width: size,
    height: size,
    labels: Int32Array.from({ length: count }, (_, index) => index % directions.length),
    classNames: directions,
    events(index) {
      const name = `moving bars ${index} (seed ${seed})`;
      const random = createRandom([seed, index, size, steps]);
      // The first numbers of close states are close.
      for (let round = 0; round < 16; round++) random.uniform();
      const events = record(random, { direction: index % directions.length, size, steps, noise });
      return eventsInMemory({ name, width: size, height: size }, events);
    },
  };
}

const directions: readonly string[] = ['right', 'left', 'down', 'up'];
const stepTime = 1000;
const barWidth = 3;

interface Bar {
  readonly direction: number;
  readonly size: number;
  readonly steps: number;
  readonly noise: number;
}

function record(random: Random, { direction, size, steps, noise }: Bar): Events {
  const found: { x: number; y: number; polarity: number; time: number }[] = [];
  const isVertical = direction >= 2;
  const sign = direction % 2 === 0 ? 1 : -1;
  const start = random.below(size);
  const wrap = (position: number): number => ((position % size) + size) % size;
  for (let step = 0; step < steps; step++) {
    const time = (): number => step * stepTime + random.below(stepTime);
    const front = wrap(start + sign * step);
    const back = wrap(front - sign * barWidth);
    for (let across = 0; across < size; across++) {
      for (const [along, polarity] of [
        [front, 1],
        [back, 0],
      ] as const) {
        // A pixel misses one change in ten.
        if (random.uniform() < 0.1) continue;
        const [x, y] = isVertical ? [across, along] : [along, across];
        found.push({ x, y, polarity, time: time() });
      }
    }
    for (let pixel = 0; pixel < size * size; pixel++) {
      if (random.uniform() >= noise) continue;
      found.push({
        x: pixel % size,
        y: Math.floor(pixel / size),
        polarity: random.below(2),
        time: time(),
      });
    }
  }
  found.sort((a, b) => a.time - b.time);
  const events = allocateEvents(found.length);
  found.forEach(({ x, y, polarity, time }, at) => {
    events.x[at] = x;
    events.y[at] = y;
    events.polarity[at] = polarity;
    events.timestamps[at] = time;
  });
  return events;
}
