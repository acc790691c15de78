import { compact, type Table } from '../../table.ts';
import { referenceTraining } from './reference.ts';
import type { SmallResult } from './result.ts';
import type { VariantEnergy, VariantRow } from './variants.ts';

/** The published variants beside what the paper says of them. */
export function variantTable(rows: readonly VariantRow[]): Table {
  return {
    title: 'Variants',
    head: [
      'variant',
      'input',
      'T',
      'parameters',
      'without norms',
      'paper',
      'MACs per step',
      'operations (paper)',
      'energy, mJ',
      'paper',
      'with stem',
      'stem once',
      'from',
      'ImageNet (paper)',
    ],
    rows: rows.map(({ published, energy, ...row }) => [
      row.variant,
      `${row.image} x ${row.image}`,
      String(row.timesteps),
      row.parameters.toLocaleString('en'),
      row.parametersWithoutNorm.toLocaleString('en'),
      published ? `${published.megaParameters.toFixed(2)} M` : '',
      giga(row.macsPerTimestep),
      published ? `${published.gigaSops.toFixed(2)} G` : 'none published',
      millijoules(energy.paper),
      millijoules(published?.millijoules),
      millijoules(energy.withStem),
      millijoules('withStemOnce' in energy ? energy.withStemOnce : undefined),
      bases[energy.basis],
      published ? exact(published.accuracy) : '',
    ]),
  };
}

const bases: Readonly<Record<VariantRow['energy']['basis'], string>> = {
  'published-operations': 'operations (paper)',
  'measured-rate': 'estimate',
  unknown: 'not known',
};

/** What the variants would cost if they fired like the network trained here. */
export function estimateTable(rows: readonly VariantRow[]): Table | undefined {
  const estimates = rows.flatMap(({ variant, atMeasuredRate: estimate }) =>
    estimate ? [{ variant, estimate }] : [],
  );
  const [first] = estimates;
  if (!first) return undefined;
  const of = ({ paper, withStem, withStemOnce }: VariantEnergy): string[] =>
    [paper, withStem, withStemOnce].map(millijoules);
  return {
    title: `Estimate: as many operations for each dense one as the network trained here, ${exact(first.estimate.rate)}`,
    head: ['variant', 'energy, mJ', 'with stem', 'stem once'],
    rows: estimates.map(({ variant, estimate }) => [variant, ...of(estimate)]),
  };
}

/** The reduced variant, trained here and with the reference code. */
export function trainingTable(result: SmallResult): Table {
  const { timesteps, rows } = {
    timesteps: result.accuracyPerTimestep.length,
    rows: [
      { name: 'trained here', ...result },
      { name: 'reference code', ...referenceTraining },
    ],
  };
  return {
    title: 'Reduced variant on Fashion-MNIST',
    head: [
      'training',
      ...Array.from({ length: timesteps }, (_, step) => `accuracy, t = ${step + 1}`),
      'steps',
      'images seen',
      'operations of an image',
    ],
    rows: rows.map(({ name, accuracyPerTimestep, steps, imagesSeen, sops }) => [
      name,
      ...accuracyPerTimestep.map(exact),
      String(steps),
      imagesSeen.toLocaleString('en'),
      compact(sops),
    ]),
  };
}

/** `88.68 %` */
function exact(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}

function giga(count: number): string {
  return `${(count / 1e9).toFixed(2)} G`;
}

function millijoules(energy: number | null | undefined): string {
  return energy?.toFixed(2) ?? '';
}
