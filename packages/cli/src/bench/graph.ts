import { writeFile } from '@spikeloom/checkpoint/node';
import { batchStatistics, compileInParts, sghormer, withStatistics } from '@spikeloom/models';
import { createRandom, type Graph } from '@spikeloom/ir';
import type { Profiler } from '@spikeloom/runtime';
import { InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { makeBackend, positiveInteger, registry } from '../options.ts';
import { renderGraphScaling } from '../report/graph-scaling-report.ts';
import { compact, type Table } from '../table.ts';
import type { BenchCase } from './bench-case.ts';
import { operatorTable, operatorTimes } from './operator-times.ts';
import { peakMemory } from './peak-memory.ts';
import { randomGraph } from './random-graph.ts';
import { timeRounds } from './rounds.ts';

interface GraphFlags {
  readonly nodes: readonly number[];
  readonly degree: number;
  readonly width: number;
  readonly timesteps: number;
  readonly nodesAtOnce: number;
  readonly rounds: number;
  readonly report?: string;
}

/** One size of graph. */
export interface GraphRow {
  readonly nodes: number;
  readonly edges: number;
  /** One pass of the network, in seconds. */
  readonly seconds: number;
  /** What the processor worked in that time. */
  readonly cpuSeconds: number;
  /** The whole process at its largest, the graph itself included. */
  readonly peakBytes: number;
}

/** SGHormer with linear attention on graphs of growing size. */
export const graphBench: BenchCase<GraphFlags> = {
  name: 'graph',
  summary: 'SGHormer with linear attention, part by part, on random graphs of growing size',
  options: [
    new Option('--nodes <list>', 'sizes of graphs, smallest first')
      .argParser(sizeList)
      .default([1000, 10_000], '1000,10000'),
    new Option('--degree <n>', 'edges of a node, on average')
      .argParser(positiveInteger)
      .default(10),
    new Option('--width <n>', 'channels, and features of a node')
      .argParser(positiveInteger)
      .default(64),
    new Option('--timesteps <n>', 'timesteps').argParser(positiveInteger).default(4),
    new Option('--nodes-at-once <n>', 'nodes that are worked on at once')
      .argParser(positiveInteger)
      .default(4096),
    new Option('--rounds <n>', 'passes that are timed').argParser(positiveInteger).default(1),
    new Option('--report <file>', 'where to write a page with plots'),
  ],
  async run(flags, context) {
    const { width, timesteps, degree, nodesAtOnce, report } = flags;
    const rows: GraphRow[] = [];
    // Those of the largest graph stay.
    let operators = operatorTimes();
    for (const nodes of flags.nodes) {
      operators = operatorTimes();
      const row = await measureSize(nodes, flags, operators.profiler, context);
      rows.push(row);
      context.say(`${nodes} nodes: ${row.seconds.toFixed(2)} s`);
    }
    const table: Table = {
      title: `SGHormer, linear order, width ${width}, T = ${timesteps}, ${degree} edges of a node`,
      head: [
        'nodes',
        'edges',
        'seconds',
        'seconds of CPU',
        'µs of CPU per node',
        'MiB at the peak',
      ],
      rows: rows.map(({ nodes, edges, seconds, cpuSeconds, peakBytes }) => [
        String(nodes),
        compact(edges),
        seconds.toFixed(2),
        cpuSeconds.toFixed(2),
        ((1e6 * cpuSeconds) / nodes).toFixed(1),
        (peakBytes / 2 ** 20).toFixed(0),
      ]),
    };
    if (report) await writeFile(report, renderGraphScaling(rows, table));
    return {
      result: {
        rows,
        width,
        timesteps,
        degree,
        nodesAtOnce,
        operators: operators.read(),
        ...(report ? { report } : {}),
      },
      tables: [table, operatorTable(operators.read())],
      notes: report ? [`The report with plots is in ${report}`] : [],
    };
  },
};

async function measureSize(
  nodes: number,
  { degree, width, timesteps, nodesAtOnce, rounds }: GraphFlags,
  profiler: Profiler,
  context: Context,
): Promise<GraphRow> {
  const memory = peakMemory();
  const random = createRandom(nodes);
  const { inputs, edges } = randomGraph(random, { nodes, degree, features: width });
  const graph = await livelyNetwork({ degree, width, timesteps });
  const backend = await makeBackend('wasm');
  const program = await compileInParts(graph, { backend, registry, nodesAtOnce });
  const small = randomGraph(random, { nodes: 500, degree, features: width });
  // Warms the compilers up.
  await program.run(small.inputs);
  const progress = context.progress(`${nodes} nodes`, 1);
  const pass = (): Promise<unknown> =>
    program.run(inputs, {
      signal: context.signal,
      profiler,
      onProgress: async (done, total) => {
        memory.sample();
        progress.update(done / total);
        // Lets Ctrl-C through.
        await new Promise(setImmediate);
      },
    });
  try {
    const { seconds, cpuSeconds } = await timeRounds(rounds, pass, context.signal);
    return { nodes, edges, seconds, cpuSeconds, peakBytes: memory.bytes };
  } finally {
    progress.stop();
    program.dispose();
  }
}

/** A network whose neurons fire: its normalisations know what a small graph of the same kind gives. */
async function livelyNetwork({
  degree,
  width,
  timesteps,
}: Pick<GraphFlags, 'degree' | 'width' | 'timesteps'>): Promise<Graph> {
  const graph = sghormer({
    preset: 'large',
    features: width,
    classes: 10,
    width,
    timesteps,
    seed: 1,
  });
  const { inputs } = randomGraph(createRandom(1), { nodes: 500, degree, features: width });
  const backend = await makeBackend('wasm');
  const program = await backend.compile(batchStatistics(graph, registry), { registry, batch: 'V' });
  const found = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  return withStatistics(graph, found);
}

/** Parses `10000,100000`, smallest first: memory that was taken stays taken. */
function sizeList(text: string): readonly number[] {
  const sizes = text.split(',').map(Number);
  if (sizes.every((size) => Number.isSafeInteger(size) && size >= 2 && size < 2 ** 26))
    return sizes.toSorted((a, b) => a - b);
  throw new InvalidArgumentError('It must be a list of whole numbers from 2, such as 1000,10000.');
}
