import { type Cancellation, throwIfAborted } from '@spikeloom/runtime';

/** Times of some rounds of the same work, in seconds. */
export interface Rounds {
  /** The median. */
  readonly seconds: number;
  readonly fastest: number;
  readonly slowest: number;
  readonly rounds: number;
}

/** Rounds that were timed by two clocks. */
export interface TimedRounds extends Rounds {
  /** The median of what the processor worked, all threads together: others on the machine do not add to it. */
  readonly cpuSeconds: number;
}

/** Times some rounds of work that has been done before. Pauses between them, so that Ctrl-C gets through. */
export async function timeRounds(
  rounds: number,
  work: () => Promise<unknown>,
  signal: Cancellation,
): Promise<TimedRounds> {
  const times: number[] = [];
  const cpuTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    throwIfAborted(signal);
    const [began, before] = [performance.now(), process.cpuUsage()];
    await work();
    times.push((performance.now() - began) / 1000);
    const { user, system } = process.cpuUsage(before);
    cpuTimes.push((user + system) / 1e6);
    await new Promise(setImmediate);
  }
  return { ...summarise(times), cpuSeconds: summarise(cpuTimes).seconds };
}

export function summarise(times: readonly number[]): Rounds {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    seconds: sorted[sorted.length >> 1]!,
    fastest: sorted[0]!,
    slowest: sorted.at(-1)!,
    rounds: times.length,
  };
}
