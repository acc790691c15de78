/** Which of the thresholds that were tried each site gets, so that all together keep to a budget. */
import type { Ref } from '@spikeloom/ir';
import type { Candidate } from './fit-thresholds.ts';
import type { OperationCounts } from './operation-counts.ts';

/** Neurons that share thresholds: a site, or one channel of it. */
export interface Cell {
  readonly site: Ref;
  readonly candidates: readonly Candidate[];
  /** The mean square of its values over that of the site, times its share of the neurons. */
  readonly power: number;
  /** Its share of the site's neurons. */
  readonly size: number;
}

/** How much a squared error of a site matters, by the value that becomes spikes; 1 where it is not said. */
export type Importance = ReadonlyMap<Ref, number>;

/**
 * Chooses one candidate for every cell: the least loss whose energy keeps to the budget. Cells are
 * independent given the price of energy, so it is the price that is searched, by bisection; every cell then
 * takes the candidate with the least importance * loss + price * energy.
 *
 * Source: Shoham & Gersho (1988), bit allocation by Lagrange multipliers.
 *
 * @param budget share of the trained network's energy, or `null` for the least loss
 * @returns the index of each cell's candidate
 */
export function chooseThresholds(
  cells: readonly Cell[],
  importance: Importance,
  operations: OperationCounts,
  budget: number | null,
): number[] {
  if (budget === null) return chooseAt(cells, importance, operations, 0);
  let [low, high] = [0, 1e-3];
  const energyAt = (price: number): number =>
    operations.energyOf(eventsOf(cells, chooseAt(cells, importance, operations, price)));
  if (energyAt(low) <= budget) return chooseAt(cells, importance, operations, low);
  while (energyAt(high) > budget && high < 1e6) high *= 4;
  for (let round = 0; round < 24; round++) {
    const middle = (low + high) / 2;
    if (energyAt(middle) > budget) low = middle;
    else high = middle;
  }
  return chooseAt(cells, importance, operations, high);
}

/** The spikes that chosen candidates make, by site. */
export function eventsOf(
  cells: readonly Cell[],
  chosen: readonly number[],
): Map<Ref, readonly number[]> {
  const events = new Map<Ref, readonly number[]>();
  cells.forEach(({ site, size, candidates }, index) => {
    const own = candidates[chosen[index]!]!.events;
    const before = events.get(site) ?? own.map(() => 0);
    events.set(
      site,
      own.map((count, step) => before[step]! + size * count),
    );
  });
  return events;
}

function chooseAt(
  cells: readonly Cell[],
  importance: Importance,
  { perSite, total }: OperationCounts,
  price: number,
): number[] {
  return cells.map(({ site, candidates, power, size }) => {
    const worth = (importance.get(site) ?? 1) * power;
    const cost = (price * size * (perSite.get(site) ?? 0)) / Math.max(total, 1);
    let [best, least] = [0, Infinity];
    candidates.forEach(({ loss, events }, index) => {
      const sum = worth * loss + cost * events.reduce((spikes, count) => spikes + count, 0);
      if (sum < least) [best, least] = [index, sum];
    });
    return best;
  });
}
