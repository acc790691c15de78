import * as Plot from '@observablehq/plot';
import type { AttentionPicture } from '../repro/spikingresformer/attention-maps.ts';
import { referenceTraining } from '../repro/spikingresformer/reference.ts';
import type { SmallResult, StageRates } from '../repro/spikingresformer/result.ts';
import { draw, picture } from './plots.ts';
import { escape } from './report.ts';

const ours = 'trained here';
const theirs = 'reference code';
const dashes = { [ours]: '', [theirs]: '5 4' } as const;

/** Accuracy after each timestep, of both trainings. */
export function accuracyOfTrainings({ accuracyPerTimestep }: SmallResult): string {
  const points = [
    { training: ours, accuracies: accuracyPerTimestep },
    { training: theirs, accuracies: referenceTraining.accuracyPerTimestep },
  ].flatMap(({ training, accuracies }) =>
    accuracies.map((accuracy, step) => ({
      training,
      timestep: step + 1,
      accuracy: accuracy * 100,
    })),
  );
  return draw({
    height: 320,
    x: { label: 'timestep', ticks: accuracyPerTimestep.length, tickFormat: 'd' },
    y: { label: 'accuracy (%)', grid: true, nice: true },
    color: { domain: [ours, theirs], range: ['#2563eb', '#6b7280'], legend: true },
    marks: [
      Plot.lineY(points, {
        x: 'timestep',
        y: 'accuracy',
        stroke: 'training',
        strokeWidth: 2,
      }),
      Plot.dot(points, { x: 'timestep', y: 'accuracy', fill: 'training', r: 4 }),
    ],
  });
}

/** Firing rate of every stage at every timestep; the reference's dashed. */
export function ratesByStage({ stages }: SmallResult): string {
  const pointsOf = (rates: readonly StageRates[]) =>
    rates.flatMap((one) =>
      one.rates.map((rate, step) => ({
        stage: `stage ${one.stage + 1}`,
        timestep: step + 1,
        rate,
      })),
    );
  const series = [
    { training: ours, points: pointsOf(stages) },
    { training: theirs, points: pointsOf(referenceTraining.stages) },
  ] as const;
  return draw({
    height: 320,
    x: { label: 'timestep', ticks: stages[0]?.rates.length ?? 1, tickFormat: 'd' },
    y: { label: 'spikes per neuron', grid: true, zero: true },
    color: { scheme: 'dark2', legend: true },
    marks: series.flatMap(({ training, points }) => [
      Plot.lineY(points, {
        x: 'timestep',
        y: 'rate',
        stroke: 'stage',
        strokeWidth: 2,
        strokeDasharray: dashes[training],
      }),
      Plot.dot(points, { x: 'timestep', y: 'rate', fill: 'stage', r: 3 }),
    ]),
  });
}

/** Images in rows: the image itself, then where each attention block looks. */
export function attentionTable(pictures: readonly AttentionPicture[]): string {
  const blocks = pictures[0]?.maps ?? [];
  const largest = blocks.map((_, block) =>
    Math.max(...pictures.flatMap(({ maps }) => maps[block]!.shares)),
  );
  const head = blocks.map(
    ({ path }, block) =>
      `<th>${escape(path.replace(/\.attention$/, ''))}<br>darkest: ${(100 * largest[block]!).toFixed(1)} % of the keys</th>`,
  );
  const rows = pictures.map(({ maps, ...shown }) => {
    const cells = maps.map(
      ({ shares, width, height }, block) =>
        `<td>${heatMap(shares, { width, height, largest: largest[block]! })}</td>`,
    );
    return `<tr><th>${picture(shown)}<br>${escape(shown.label)}</th>${cells.join('')}</tr>`;
  });
  return `<table><thead><tr><th>image</th>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** One SVG rectangle per place, darker where more fired. */
function heatMap(
  shares: readonly number[],
  size: { readonly width: number; readonly height: number; readonly largest: number },
): string {
  const { width, height, largest } = size;
  const cells = shares.flatMap((share, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    const strength = largest === 0 ? 0 : share / largest;
    return strength === 0
      ? []
      : [
          `<rect x="${x}" y="${y}" width="1.02" height="1.02" fill-opacity="${strength.toFixed(3)}"/>`,
        ];
  });
  return `<svg viewBox="0 0 ${width} ${height}" width="140" height="140" role="img" aria-label="attention" fill="#1d4ed8" style="background:#eff6ff">${cells.join('')}</svg>`;
}
