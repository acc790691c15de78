import type { Profiler } from '@spikeloom/runtime';
import type { Table } from '../table.ts';

/** Calls of one operator in a run. */
export interface OperatorTime {
  readonly op: string;
  readonly calls: number;
  readonly seconds: number;
}

/** Adds up how long calls took, by operator. */
export function operatorTimes(): {
  readonly profiler: Profiler;
  /** The longest first. */
  read(): readonly OperatorTime[];
} {
  const totals = new Map<string, { calls: number; seconds: number }>();
  return {
    profiler: {
      now: () => performance.now(),
      record({ op, elapsed }) {
        const total = totals.get(op) ?? { calls: 0, seconds: 0 };
        totals.set(op, { calls: total.calls + 1, seconds: total.seconds + elapsed / 1000 });
      },
    },
    read: () =>
      [...totals]
        .map(([op, total]) => ({ op, ...total }))
        .toSorted((a, b) => b.seconds - a.seconds),
  };
}

export function operatorTable(operators: readonly OperatorTime[]): Table {
  return {
    title: 'where the time goes',
    head: ['operator', 'calls', 'ms'],
    rows: operators
      .slice(0, 12)
      .map(({ op, calls, seconds }) => [op, String(calls), (1000 * seconds).toFixed(1)]),
  };
}
