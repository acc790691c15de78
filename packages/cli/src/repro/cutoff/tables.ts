import { compact, percent, type Table } from '../../table.ts';
import { recipes } from './recipes.ts';
import { referenceRuns } from './reference.ts';
import type { Spread } from '../spread.ts';
import type { ModelSummary, ReproRow } from './result.ts';

/** Networks side by side, each with the reference's figures below where there are some. */
export function modelTable(models: readonly ModelSummary[], isWhole: boolean): Table {
  const rows = models.flatMap((one) => {
    const ours = [
      titleOf(one.model),
      percentSpread(one.accuracyPerTimestep[0]!),
      percentSpread(one.accuracyPerTimestep.at(-1)!),
      percentSpread(one.anytimeAccuracy),
      numberSpread(one.oct),
      compact(one.spikesPerInference.mean),
      one.atEqualAccuracy ? numberSpread(one.atEqualAccuracy.meanTimestep) : 'not by all seeds',
      one.atEqualAccuracy ? compact(one.atEqualAccuracy.spikesPerInference.mean) : '',
    ];
    const theirs = isWhole ? referenceRuns.find(({ model }) => model === one.model) : undefined;
    if (!theirs) return [ours];
    const reference = [
      '  reference code, one seed',
      percent(theirs.accuracyPerTimestep[0]!),
      percent(theirs.accuracyPerTimestep.at(-1)!),
      percent(theirs.anytimeAccuracy),
      theirs.oct.toFixed(2),
      '',
      '',
      '',
    ];
    return [ours, reference];
  });
  return {
    title: 'Networks',
    head: [
      'network',
      'accuracy, t = 1',
      'accuracy, t = T',
      'stopped at random',
      'OCT',
      'spikes, t = T',
      'steps at equal accuracy',
      'spikes there',
    ],
    rows,
  };
}

/** Every policy with every setting. */
export function policyTable(rows: readonly ReproRow[], isWhole: boolean): Table {
  return {
    title: 'Policies',
    head: [
      'network',
      'policy',
      'epsilon',
      'accuracy',
      'loss',
      'mean timestep',
      'speed-up',
      'spikes',
      'reference',
    ],
    rows: rows.map((row) => [
      titleOf(row.model),
      row.policy,
      String(row.epsilon),
      percentSpread({ mean: row.accuracy, std: row.accuracyStd }),
      percent(row.accuracyLoss),
      numberSpread({ mean: row.meanTimestep, std: row.meanTimestepStd }),
      `${(row.timesteps / row.meanTimestep).toFixed(2)} x`,
      compact(row.spikesPerInference),
      isWhole ? referenceOf(row) : '',
    ]),
  };
}

export function titleOf(model: string): string {
  return recipes.find(({ name }) => name === model)?.title ?? model;
}

function referenceOf({ model, policy, epsilon }: ReproRow): string {
  if (policy !== 'top-k') return '';
  const run = referenceRuns.find((one) => one.model === model);
  const point = run?.topK.find(([setting]) => setting === epsilon);
  return point ? `${percent(point[1])} at ${point[2].toFixed(2)}` : '';
}

function percentSpread({ mean, std }: Spread): string {
  return std > 0 ? `${(mean * 100).toFixed(2)} ± ${(std * 100).toFixed(2)} %` : percent(mean);
}

function numberSpread({ mean, std }: Spread): string {
  return std > 0 ? `${mean.toFixed(2)} ± ${std.toFixed(2)}` : mean.toFixed(2);
}
