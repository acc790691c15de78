import * as Plot from '@observablehq/plot';
import type { CutoffDetails, CutoffPoint } from '../cutoff-result.ts';
import { draw } from './plots.ts';

/** Accuracy against what it costs, one curve for each policy. */
export function accuracyByCost(
  { points, baseline }: CutoffDetails,
  cost: 'meanTimestep' | 'microjoules',
): string {
  const domain = [...new Set(points.map(({ series }) => series))];
  const position = { x: cost, y: ({ accuracy }: CutoffPoint) => accuracy * 100 };
  return draw({
    height: 340,
    marginRight: 150,
    clip: true,
    x: {
      label: cost === 'meanTimestep' ? 'mean timestep' : 'energy of an inference (uJ)',
      grid: true,
    },
    y: { label: 'accuracy (%)', grid: true, domain: aroundPolicies(points, baseline) },
    color: { domain, scheme: 'dark2' },
    marks: [
      Plot.lineY(points, { ...position, stroke: 'series', strokeWidth: 2, sort: cost }),
      Plot.dot(points, {
        ...position,
        fill: 'series',
        r: 4,
        title: ({ series, setting }: CutoffPoint) => `${series}, ${setting}`,
      }),
      ...domain.map((series, row) =>
        Plot.text([series], {
          text: [series],
          fill: [series],
          frameAnchor: 'top-right',
          textAnchor: 'start',
          dx: 14,
          dy: 16 * row,
          clip: false,
        }),
      ),
    ],
  });
}

/** The accuracies of the policies, in percent: the first timesteps are so much worse that they would hide them. */
function aroundPolicies(points: readonly CutoffPoint[], baseline: string): [number, number] {
  const shares = (wanted: (series: string) => boolean): number[] =>
    points.filter(({ series }) => wanted(series)).map(({ accuracy }) => accuracy * 100);
  const low = Math.min(...shares((series) => series !== baseline));
  const high = Math.max(...shares(() => true));
  const margin = Math.max(0.5, (high - low) / 5);
  return [Math.max(0, low - margin), Math.min(100, high + margin)];
}

/** How many images could have stopped after each timestep if it were known what is right. */
export function optimalHistogram({ optimalHistogram: histogram }: CutoffDetails): string {
  const bars = histogram.map((images, step) => ({ timestep: step + 1, images }));
  return draw({
    height: 260,
    x: { label: 'timesteps until the answer stays right', tickFormat: 'd' },
    y: { label: 'images', grid: true },
    marks: [
      Plot.barY(bars, { x: 'timestep', y: 'images', fill: '#6b7280' }),
      Plot.text(bars, { x: 'timestep', y: 'images', text: 'images', dy: -7 }),
      Plot.ruleY([0]),
    ],
  });
}
