import {
  countFixed,
  horowitz45nm,
  noCounts,
  priceOf,
  sopCounting,
  spikingResformerCounting,
} from '@spikeloom/energy';
import { type Graph, sizeOf } from '@spikeloom/ir';
import { spikingResformer, type SpikingResformerOptions } from '@spikeloom/models';
import { registry } from '../../options.ts';
import { published, type PublishedVariant } from './reference.ts';

type Name = Exclude<SpikingResformerOptions['variant'], 'custom'>;

/** The published variants, each at the input and the timesteps that it is published for. */
const variants: readonly { readonly variant: Name; readonly timesteps: number }[] = [
  { variant: 'ti', timesteps: 4 },
  { variant: 's', timesteps: 4 },
  { variant: 'm', timesteps: 4 },
  { variant: 'l', timesteps: 4 },
  { variant: 'cifar', timesteps: 4 },
  { variant: 'dvsg', timesteps: 16 },
];

/** Energy of one image over all timesteps, in millijoules. */
export interface VariantEnergy {
  /** As the paper counts: 0.9 pJ for each synaptic operation, without the stem and the classifier. */
  readonly paper: number;
  /** With those two as multiply-accumulates of 4.6 pJ, at every timestep as in the reference code. */
  readonly withStem: number;
  /** The same with the stem computed once for all timesteps, where the image is still. */
  readonly withStemOnce?: number;
}

export interface VariantRow {
  readonly variant: Name;
  /** Side of the image in pixels. */
  readonly image: number;
  readonly timesteps: number;
  readonly parameters: number;
  /** Without the weights of batch normalisation, as most rows of the paper count. */
  readonly parametersWithoutNorm: number;
  /** Of a dense network of this shape, stem and classifier included. */
  readonly macsPerTimestep: number;
  /**
   * From the operations that the paper publishes (`published-operations`); where it publishes none, the estimate
   * (`measured-rate`), or nothing.
   */
  readonly energy:
    | (VariantEnergy & { readonly basis: 'published-operations' | 'measured-rate' })
    | { readonly basis: 'unknown'; readonly paper: null; readonly withStem: null };
  /** If it fired as often as the reduced variant that was trained here: an estimate, not a measurement. */
  readonly atMeasuredRate?: VariantEnergy & { readonly rate: number };
  readonly published?: PublishedVariant;
}

/**
 * The published variants by their shapes alone; no weights are made.
 *
 * @param measuredRate synaptic operations as a share of dense ones, of a network trained here
 */
export function describeVariants(measuredRate?: number): VariantRow[] {
  return variants.map(({ variant, timesteps }): VariantRow => {
    const graph = spikingResformer({ variant });
    const macs = macsOf(graph);
    const row = published[variant];
    const price = (sops: number): VariantEnergy => energyOf(sops, macs, timesteps, variant);
    const estimate =
      measuredRate === undefined
        ? undefined
        : price(measuredRate * timesteps * (macs.all - macs.real));
    return {
      variant,
      image: sideOf(graph),
      timesteps,
      parameters: countParameters(graph, () => true),
      parametersWithoutNorm: countParameters(graph, (id) => !id.includes('.bn.')),
      macsPerTimestep: macs.all,
      energy: row
        ? { basis: 'published-operations', ...price(row.gigaSops * 1e9) }
        : estimate
          ? { basis: 'measured-rate', ...estimate }
          : { basis: 'unknown', paper: null, withStem: null },
      ...(estimate && measuredRate !== undefined
        ? { atMeasuredRate: { ...estimate, rate: measuredRate } }
        : {}),
      ...(row ? { published: row } : {}),
    };
  });
}

/** Multiply-accumulates of a timestep in a dense network of the same shape. */
interface Macs {
  readonly all: number;
  /** Those of layers with real inputs: stem and classifier. */
  readonly real: number;
  /** Those of the stem. */
  readonly stem: number;
}

export function macsOf(graph: Graph): Macs {
  const real = sopCounting({ realLayers: 'once' })
    .terms(graph, registry)
    .filter(({ operation }) => operation === 'mac');
  return {
    all: countFixed(spikingResformerCounting.baseline(graph, undefined, registry)).mac,
    real: countFixed(real).mac,
    stem: countFixed(real.filter(({ when }) => when === 'run')).mac,
  };
}

function energyOf(
  sops: number,
  { real, stem }: Macs,
  timesteps: number,
  variant: Name,
): VariantEnergy {
  const price = (mac: number): number =>
    priceOf({ ...noCounts(), ac: sops, mac }, horowitz45nm) / 1e9;
  return {
    paper: price(0),
    withStem: price(timesteps * real),
    // Frames of events are new at every timestep.
    ...(variant === 'dvsg' ? {} : { withStemOnce: price(stem + timesteps * (real - stem)) }),
  };
}

function countParameters(graph: Graph, counts: (id: string) => boolean): number {
  return graph.nodes
    .filter(({ op, id }) => op === 'spikeloom/param' && counts(id))
    .reduce((sum, { outputs }) => sum + sizeOf(outputs['out']!.shape as readonly number[]), 0);
}

function sideOf(graph: Graph): number {
  return Number(graph.nodes.find(({ op }) => op === 'spikeloom/input')!.outputs['out']!.shape[3]);
}
