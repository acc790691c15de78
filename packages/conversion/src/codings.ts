/** What a spike can mean, and which operators a network then is made of. */
import type { AnyOperator, Builder, Value } from '@spikeloom/ir';
import { differentialThreshold, multiThreshold, tracedThreshold } from '@spikeloom/neurons';
import type { Compensation } from './compensate.ts';
import { meanOfChanges } from './differential.ts';
import { meanOfSums } from './summed.ts';

export type CodingName = 'rate' | 'differential' | 'sum';

export type Edge = 'half-base' | 'nearest';

/** The thresholds of one layer of neurons. */
export interface Thresholds {
  /** The smallest positive threshold. */
  readonly positive: number;
  /** The size of the smallest negative one; 0 where nothing is negative. */
  readonly negative: number;
  /** Thresholds of each sign. */
  readonly levels: number;
  /** How many of them it takes to double. */
  readonly perOctave: number;
}

export interface Coding {
  /** Whether wires carry changes, so that constants enter at the first timestep alone. */
  readonly carriesChanges: boolean;
  /** Adds a layer of neurons and gives its spikes. */
  addNeuron(b: Builder, current: Value, thresholds: Thresholds, edge: Edge, id: string): Value;
  /** What stands for an operator that does not commute with the mean over time. */
  formOf(compensation: Compensation): AnyOperator | undefined;
  /** Turns what reaches an output into numbers whose mean over time is the result. */
  readonly readout: AnyOperator | undefined;
}

export const codings: Readonly<Record<CodingName, Coding>> = {
  rate: {
    carriesChanges: false,
    addNeuron: (b, current, thresholds, edge, id) =>
      b.apply(multiThreshold, { current }, { ...thresholds, edge }, id).spikes,
    formOf: ({ by }) => by,
    readout: undefined,
  },
  differential: {
    carriesChanges: true,
    addNeuron: (b, current, thresholds, edge, id) =>
      b.apply(differentialThreshold, { current }, { ...thresholds, edge }, id).spikes,
    formOf: ({ differential }) => differential,
    readout: meanOfChanges,
  },
  sum: {
    carriesChanges: true,
    addNeuron: (b, current, { positive, negative, levels }, edge, id) => {
      const highest = 2 ** levels - 1;
      const lowest = negative > 0 ? -highest : 0;
      const attributes = { threshold: positive, levels, lowest, highest, edge };
      return b.apply(tracedThreshold, { current }, attributes, id).spikes;
    },
    formOf: ({ sum }) => sum,
    readout: meanOfSums,
  },
};
