import type { Site, Work } from '../stage.ts';
import { type Arranged, spikeBytes } from '../value.ts';

/** Events of spikes, listed line by line: sizes of a sample. */
export interface EventLines {
  readonly groups: number;
  readonly height: number;
  readonly width: number;
  /** Channels of a group. */
  readonly channels: number;
}

/** Where the events of some samples are listed. */
export interface EventList {
  readonly events: number;
  readonly starts: number;
  readonly capacity: number;
}

/** What kernels may read beyond the last list. */
const spareBytes = 128;

/** Entries of sixteen bits cannot name more places in a line. */
export const longestLine = 65535;

/** Memory for lists that stays within the caches, unless a sample alone needs more. */
const listBytes = 4 << 20;

/** How many samples are listed at once. */
export function samplesListed(site: Site, lines: EventLines): number {
  const perSample = 2 * capacityOf(lines) * linesPerSample(site, lines);
  return Math.max(1, Math.min(site.samples, Math.floor(listBytes / perSample)));
}

/** Room for the events of so many samples. */
export function eventList(site: Site, lines: EventLines, samples: number): EventList {
  const count = samples * linesPerSample(site, lines);
  const capacity = capacityOf(lines);
  return {
    events: site.scratch(2 * capacity * count + spareBytes),
    starts: site.scratch(4 * count * (lines.width + 1)),
    capacity,
  };
}

/** Spikes in memory. */
export interface Bits {
  readonly address: number;
  readonly samples: number;
  /** Bytes of one position. */
  readonly bytes: number;
}

export function bitsOf(site: Site, spikes: Arranged): Bits {
  const bytes = spikeBytes(spikes, site.lanes);
  return { address: site.address(spikes), samples: site.samples, bytes };
}

/** Lists the events of some samples. */
export function listEvents(
  site: Site,
  bits: Bits,
  lines: EventLines,
  list: EventList,
  { first, count }: Pick<Work, 'first' | 'count'>,
): void {
  site.call(
    'listEvents',
    () => [
      bits.address,
      list.events,
      list.starts,
      site.bitPositions,
      site.steps,
      bits.samples,
      lines.groups,
      lines.height,
      lines.width,
      bits.bytes,
      lines.channels,
      Math.ceil(lines.channels / 8),
      first,
      list.capacity,
    ],
    { unitsPerSample: linesPerSample(site, lines), first, count },
  );
}

/** The samples, some at a time. */
export function passes(samples: number, atOnce: number): Pick<Work, 'first' | 'count'>[] {
  return Array.from({ length: Math.ceil(samples / atOnce) }, (_, index) => ({
    first: index * atOnce,
    count: Math.min(atOnce, samples - index * atOnce),
  }));
}

function linesPerSample(site: Site, { groups, height }: EventLines): number {
  return site.steps * groups * height;
}

/** Listing writes sixteen entries at a time. */
function capacityOf({ width, channels }: EventLines): number {
  return Math.ceil((width * channels) / 8) * 8 + 16;
}

/** Scratch memory for every thread. */
export function scratchOfThreads(site: Site, bytes: number): readonly number[] {
  return Array.from({ length: site.threads }, () => site.scratch(bytes));
}
