import { percent, type Table } from '../../table.ts';
import type { GraphResult } from './experiment.ts';
import type { SghormerRow } from './result.ts';

/** Every model on one graph. */
export function modelTable({ task }: GraphResult, rows: readonly SghormerRow[]): Table {
  const hasArea = rows.some(({ rocArea }) => rocArea !== null);
  return {
    title: `${task.title}: ${sizeOf(task)}`,
    head: [
      'network',
      'accuracy',
      ...(hasArea ? ['ROC area'] : []),
      'runs',
      'parameters',
      'firing rate',
      'energy, mJ (papers)',
      'energy, mJ (complete)',
    ],
    rows: rows.map((row) => [
      row.title,
      row.seeds === 1
        ? percent(row.accuracy)
        : `${(row.accuracy * 100).toFixed(1)} ± ${percent(row.std)}`,
      ...(hasArea ? [row.rocArea?.toFixed(3) ?? ''] : []),
      String(row.seeds),
      row.parameters.toLocaleString('en'),
      row.firingRate?.toFixed(3) ?? '',
      figures(row.energy.lean),
      figures(row.energy.full),
    ]),
  };
}

/** What spiking networks save, by both countings. */
export function ratioTable(rows: readonly SghormerRow[]): Table {
  return {
    title: 'How many times more energy others take (papers / complete)',
    head: ['graph', 'network', 'soft-max, same layout', 'real numbers, linear order', 'GCN'],
    rows: rows
      .filter(({ firingRate }) => firingRate !== null)
      .map((row) => [
        row.graph,
        row.title,
        `${figures(row.ratiosLean.softmax)} / ${figures(row.ratioSoftmax)}`,
        `${figures(row.ratiosLean.denseLinear)} / ${figures(row.ratioDenseLinear)}`,
        `${figures(row.ratiosLean.gcn)} / ${figures(row.ratioGcn)}`,
      ]),
  };
}

/** How early nodes can stop, for every graph where that was tried. */
export function exitTable(results: readonly GraphResult[]): Table {
  const rows = results.flatMap(({ task, models }) =>
    models.flatMap(({ anytime, model }) =>
      (anytime?.points ?? []).map((point) => [
        task.id,
        model.title,
        `${percent(anytime!.accuracyPerTimestep[0]!)} … ${percent(anytime!.accuracyPerTimestep.at(-1)!)}`,
        String(point.epsilon),
        percent(point.accuracy),
        point.meanTimestep.toFixed(2),
        point.histogram.join(' '),
      ]),
    ),
  );
  return {
    title: 'Top-K cutoff, node by node (first run)',
    head: [
      'graph',
      'network',
      'accuracy at t = 1 … T',
      'epsilon',
      'accuracy',
      'mean timestep',
      'stopped at t = 1 2 …',
    ],
    rows,
  };
}

function sizeOf({ kind, examples, shape }: GraphResult['task']): string {
  const [example] = examples;
  const { nodes = 0, edges = 0 } = example?.sizes ?? {};
  const classes = `${shape.classes} classes`;
  if (kind === 'graphs') return `whole graphs, ${classes}`;
  // Each node has an edge to itself, and edges are counted both ways.
  const pairs = ((edges - nodes) / 2).toLocaleString('en');
  return `${nodes.toLocaleString('en')} nodes, ${pairs} edges, ${classes}`;
}

/** Three figures. */
function figures(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
