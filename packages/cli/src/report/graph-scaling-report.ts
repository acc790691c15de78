import * as Plot from '@observablehq/plot';
import type { GraphRow } from '../bench/graph.ts';
import type { Table } from '../table.ts';
import { draw } from './plots.ts';
import { renderTable } from './render-table.ts';
import { escape, figure, style } from './report.ts';

const measured = '#2563eb';
const proportional = '#6b7280';

/** Time and memory against the size of the graph, as one page that needs nothing else. */
export function renderGraphScaling(rows: readonly GraphRow[], table: Table): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spikeloom: large graphs</title>
<style>${style}</style>
</head>
<body>
<h1>Large graphs</h1>
<p>${escape(table.title)}. The dashed line is what the largest graph would say of the others, were everything proportional to nodes.</p>
${renderTable(table)}
<section class="grid">
${figure('Time of one pass, on the processor', againstNodes(rows, 'cpuSeconds', 'seconds', 1))}
${figure('Memory of the process', againstNodes(rows, 'peakBytes', 'MiB', 2 ** 20))}
</section>
</body>
</html>
`;
}

function againstNodes(
  rows: readonly GraphRow[],
  field: 'cpuSeconds' | 'peakBytes',
  unit: string,
  scale: number,
): string {
  const points = rows.map((row) => ({ nodes: row.nodes, value: row[field] / scale }));
  const largest = points.at(-1)!;
  const line = points.map(({ nodes }) => ({
    nodes,
    value: (largest.value * nodes) / largest.nodes,
  }));
  return draw({
    height: 300,
    x: { label: 'nodes', type: 'log', grid: true },
    y: { label: unit, type: 'log', grid: true },
    marks: [
      Plot.lineY(line, {
        x: 'nodes',
        y: 'value',
        stroke: proportional,
        strokeDasharray: '4 3',
      }),
      Plot.lineY(points, { x: 'nodes', y: 'value', stroke: measured, strokeWidth: 2 }),
      Plot.dot(points, { x: 'nodes', y: 'value', fill: measured, r: 4 }),
    ],
  });
}
