import type { ReportEntry } from '@spikeloom/conversion';

type Neuron = Extract<ReportEntry, { kind: 'neuron' }>;

/**
 * Which threshold a spike is, in the order +largest, -largest, …, +smallest, -smallest; -1 where there is
 * none. Compared instead of the spikes themselves, which differ by the rounding of their base.
 */
export function levelOf(
  spike: number,
  { positive, negative, levels }: Pick<Neuron, 'positive' | 'negative' | 'levels'>,
): number {
  if (spike === 0) return -1;
  const power = Math.round(Math.log2(spike > 0 ? spike / positive : -spike / negative));
  return 2 * (levels - 1 - power) + Number(spike < 0);
}

/** How many spikes there are of every threshold. */
export function countLevels(spikes: ArrayLike<number>, neuron: Neuron): number[] {
  const counts = Array.from({ length: 2 * neuron.levels }, () => 0);
  for (let index = 0; index < spikes.length; index++) {
    const level = levelOf(spikes[index]!, neuron);
    if (level >= 0) counts[level]! += 1;
  }
  return counts;
}
