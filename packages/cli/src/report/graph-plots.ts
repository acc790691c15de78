import * as Plot from '@observablehq/plot';
import type { GraphResult } from '../repro/sghormer/experiment.ts';
import { paretoFront, type SghormerRow } from '../repro/sghormer/result.ts';
import { draw } from './plots.ts';

const spiking = '#2563eb';
const real = '#6b7280';

/** Accuracy against energy, a point for each network, with the line of those that none beats in both. */
export function accuracyByEnergy(rows: readonly SghormerRow[], counting: 'lean' | 'full'): string {
  const pointOf = ({ title, energy, accuracy, std, firingRate }: SghormerRow) => ({
    network: title,
    energy: 1000 * energy[counting],
    accuracy: accuracy * 100,
    low: (accuracy - std) * 100,
    high: (accuracy + std) * 100,
    kind: firingRate === null ? 'real numbers' : 'spikes',
  });
  const points = rows.map(pointOf);
  return draw({
    height: 340,
    marginRight: 130,
    inset: 12,
    x: {
      label: 'energy of an inference (µJ), logarithmic',
      type: 'log',
      tickFormat: '~g',
      ticks: 5,
      grid: true,
    },
    y: { label: 'test accuracy (%)', grid: true, nice: true },
    color: { domain: ['spikes', 'real numbers'], range: [spiking, real], legend: true },
    marks: [
      Plot.lineY(paretoFront(rows, counting).map(pointOf), {
        x: 'energy',
        y: 'accuracy',
        stroke: '#d97706',
        strokeDasharray: '4 3',
        curve: 'step-after',
      }),
      Plot.ruleX(points, { x: 'energy', y1: 'low', y2: 'high', stroke: 'kind' }),
      Plot.dot(points, { x: 'energy', y: 'accuracy', fill: 'kind', r: 5 }),
      Plot.text(points, {
        x: 'energy',
        y: 'accuracy',
        text: 'network',
        textAnchor: 'start',
        dx: 9,
        fill: 'kind',
      }),
    ],
  });
}

/** Test accuracy when every node stops as soon as it is sure, against the timesteps it took, graph by graph. */
export function accuracyByExit(results: readonly GraphResult[]): string {
  const points = exitsOf(results).flatMap(({ graph, points: own }) =>
    own.map(({ meanTimestep, accuracy, epsilon }) => ({
      graph,
      timestep: meanTimestep,
      accuracy: accuracy * 100,
      epsilon: String(epsilon),
    })),
  );
  const accuracies = points.map(({ accuracy }) => accuracy);
  return draw({
    height: 340,
    x: { label: 'mean timestep at which a node stopped', grid: true },
    y: {
      label: 'test accuracy (%)',
      grid: true,
      // Differences of single nodes are not to fill the page.
      domain: [Math.min(...accuracies) - 1, Math.max(...accuracies) + 1],
    },
    color: { scheme: 'dark2', legend: true },
    marks: [
      Plot.lineY(points, { x: 'timestep', y: 'accuracy', stroke: 'graph', sort: 'timestep' }),
      Plot.dot(points, { x: 'timestep', y: 'accuracy', fill: 'graph', r: 4, title: 'epsilon' }),
    ],
  });
}

/** The share of nodes that stopped after each timestep, at the middle epsilon. */
export function exitShares(results: readonly GraphResult[]): string {
  const bars = exitsOf(results).flatMap(({ graph, points }) => {
    const { histogram = [], epsilon = 0 } = points[Math.floor(points.length / 2)] ?? {};
    const all = histogram.reduce((sum, count) => sum + count, 0);
    return histogram.map((count, step) => ({
      graph: `${graph}, epsilon ${epsilon}`,
      timestep: step + 1,
      share: (100 * count) / all,
    }));
  });
  return draw({
    height: 60 + 110 * new Set(bars.map(({ graph }) => graph)).size,
    marginRight: 170,
    x: { label: 'timesteps', tickFormat: 'd' },
    y: { label: 'nodes (%)', grid: true },
    fy: { label: null },
    marks: [
      Plot.barY(bars, { x: 'timestep', y: 'share', fy: 'graph', fill: spiking }),
      Plot.ruleY([0]),
    ],
  });
}

/** Spikes per neuron and timestep, layer by layer. */
export function ratesByLayer(results: readonly GraphResult[]): string {
  const points = results.flatMap(({ task, models }) =>
    models
      .filter(({ model }) => model.name === 'sghormer')
      .flatMap(({ judgement }) =>
        (judgement.firing?.layers ?? []).map(({ path, rate }) => ({
          graph: task.id,
          layer: path,
          rate,
        })),
      ),
  );
  const layers = [...new Set(points.map(({ layer }) => layer))];
  return draw({
    height: 60 + 26 * layers.length,
    marginLeft: 120,
    x: { label: 'spikes per neuron and timestep', grid: true, zero: true },
    y: { label: null, domain: layers },
    color: { scheme: 'dark2', legend: true },
    marks: [Plot.dot(points, { x: 'rate', y: 'layer', fill: 'graph', r: 4 }), Plot.ruleX([0])],
  });
}

function exitsOf(results: readonly GraphResult[]) {
  return results.flatMap(({ task, models }) =>
    models.flatMap(({ anytime }) =>
      anytime && anytime.points.length > 0 ? [{ graph: task.id, points: anytime.points }] : [],
    ),
  );
}
