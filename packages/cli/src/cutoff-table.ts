import type { CutoffResult } from './cutoff-result.ts';
import { compact, percent } from './table.ts';

/** A comparison of policies as a table, for the terminal and the report. */
export function cutoffTable(result: CutoffResult): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const { accuracyPerTimestep: accuracy, spikesPerFullRun } = result;
  const full = [
    'none',
    '',
    percent(accuracy.at(-1)!),
    percent(0),
    accuracy.length.toFixed(2),
    '1.00 x',
    compact(spikesPerFullRun),
  ];
  const rows = result.rows.map((row) => [
    row.policy,
    String(row.epsilon),
    percent(row.accuracy),
    percent(row.accuracyLoss),
    row.meanTimestep.toFixed(2),
    `${(row.timesteps / row.meanTimestep).toFixed(2)} x`,
    compact(row.spikesPerInference),
  ]);
  return {
    head: [
      'policy',
      'epsilon',
      'accuracy',
      'loss',
      'mean timestep',
      'speed-up',
      'spikes per inference',
    ],
    rows: [full, ...rows],
  };
}
