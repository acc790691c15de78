import * as Plot from '@observablehq/plot';
import type { ReferenceRun } from '../repro/ecmt/reference.ts';
import { type EcmtRow, paretoFront } from '../repro/ecmt/result.ts';
import { draw } from './plots.ts';

const families = ['spikeloom', 'ecmt', 'reference code'] as const;
const colours = ['#2563eb', '#d97706', '#111827'] as const;

interface Point {
  readonly family: (typeof families)[number];
  readonly label: string;
  readonly energy: number;
  readonly accuracy: number;
}

/**
 * Points of accuracy lost against the trained network on the same images, against energy: every setting at every
 * timestep, the reference code as crosses, and a line along what nothing beats.
 */
export function pareto(
  rows: readonly EcmtRow[],
  references: readonly ReferenceRun[],
  counting: 'energyRatio' | 'energyRatioFull',
): string {
  const ours = rows.map((row): Point => ({
    family: row.preset.startsWith('ecmt') ? 'ecmt' : 'spikeloom',
    label: `${row.title}, T = ${row.timesteps}`,
    energy: row[counting],
    accuracy: 100 * (row.accuracy - row.annAccuracy),
  }));
  const theirs = counting === 'energyRatio' ? references.flatMap(pointsOf) : [];
  const position = { x: 'energy', y: 'accuracy' } as const;
  const title = ({ label }: Point): string => label;
  return draw({
    height: 420,
    marginLeft: 50,
    clip: true,
    x: { label: "energy, as a share of the trained network's", grid: true, domain: [0, 1.2] },
    y: {
      label: 'accuracy against the trained network (points)',
      grid: true,
      domain: [-12, 2],
    },
    color: { domain: [...families], range: [...colours], legend: true },
    marks: [
      Plot.ruleY([0], { stroke: '#6b7280', strokeDasharray: '4 3' }),
      Plot.ruleX([1], { stroke: '#6b7280', strokeDasharray: '4 3' }),
      Plot.lineY(paretoFront(ours), {
        ...position,
        stroke: '#93c5fd',
        strokeWidth: 2,
        curve: 'step-after',
      }),
      Plot.dot(ours, { ...position, fill: 'family', r: 4, title }),
      Plot.dot(theirs, {
        ...position,
        stroke: 'family',
        symbol: 'times',
        r: 5,
        strokeWidth: 2,
        title,
      }),
    ],
  });
}

function pointsOf({ title, annAccuracy, points }: ReferenceRun): Point[] {
  return points.map(({ timesteps, accuracy, energyRatio }) => ({
    family: 'reference code',
    label: `${title}, T = ${timesteps}`,
    energy: energyRatio,
    accuracy: 100 * (accuracy - annAccuracy),
  }));
}
