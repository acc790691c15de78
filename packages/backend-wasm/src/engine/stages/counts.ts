/** Counts of spikes, as currents. */
import type { Site } from '../stage.ts';
import { type Arranged, blocksOf, spikeBytes } from '../value.ts';

/** How many positions each channel fires at, together with that of another value if one is given. */
export function countPositions(
  site: Site,
  spikes: Arranged,
  {
    and,
    currents,
    one,
    divisor,
  }: {
    readonly and?: Arranged | undefined;
    readonly currents: number;
    /** What one of them adds. */
    readonly one: number;
    /** What the sum is divided by. */
    readonly divisor: number;
  },
): void {
  site.call(
    'countSpikes',
    () => [
      site.address(spikes),
      and ? site.address(and) : 0,
      currents,
      site.stepsOf(spikes),
      site.samples,
      spikes.positions,
      spikes.channels,
      site.lanes,
      spikeBytes(spikes, site.lanes),
      { float: one },
      { float: divisor },
    ],
    { unitsPerSample: blocksOf(spikes, site.lanes), first: 0, count: site.samples },
  );
}

/** How many channels of every group fire at a position. */
export function countGroups(
  site: Site,
  spikes: Arranged,
  {
    groups,
    currents,
    one,
  }: { readonly groups: number; readonly currents: number; readonly one: number },
): void {
  site.call(
    'countGroups',
    () => [
      site.address(spikes),
      currents,
      site.steps,
      site.samples,
      spikes.positions,
      groups,
      spikes.channels / groups / 8,
      site.lanes,
      spikeBytes(spikes, site.lanes),
      { float: one },
    ],
    { unitsPerSample: spikes.positions, first: 0, count: site.samples },
  );
}
