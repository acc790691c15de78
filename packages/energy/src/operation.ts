/** What hardware is asked to do, by price. */
export type Operation =
  /** Multiply-accumulate of real numbers. */
  | 'mac'
  /** Accumulate caused by a spike: a synaptic operation (SOP). */
  | 'ac'
  | 'add'
  | 'multiply'
  | 'divide'
  | 'compare'
  /** Exponentials, roots, error functions. */
  | 'special'
  | 'stateRead'
  | 'stateWrite';

/** How often each operation happens. Numbers are doubles: exact up to 2^53. */
export type Counts = Readonly<Record<Operation, number>>;

export const operations: readonly Operation[] = [
  'mac',
  'ac',
  'add',
  'multiply',
  'divide',
  'compare',
  'special',
  'stateRead',
  'stateWrite',
];

export function noCounts(): Record<Operation, number> {
  return {
    mac: 0,
    ac: 0,
    add: 0,
    multiply: 0,
    divide: 0,
    compare: 0,
    special: 0,
    stateRead: 0,
    stateWrite: 0,
  };
}

/** Adds counts to others, in place. */
export function addCounts(total: Record<Operation, number>, counts: Counts): void {
  for (const operation of operations) total[operation] += counts[operation];
}
