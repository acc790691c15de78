import { attention } from '@spikeloom/attention';
import { createRegistry, type Graph, type Tensor, tensor } from '@spikeloom/ir';
import { compileInParts, gat, gcn, graphTransformer, sghormer } from '@spikeloom/models';
import type { Backend } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { randomGraph } from './random-graph.ts';
import { measured } from './train-node-classifier.ts';

const registry = createRegistry([attention]);
const shape = { features: 5, classes: 3 } as const;
const { x, edges } = randomGraph(3, 29, 5);

const exact: readonly (readonly [string, Graph])[] = [
  ['SGHormer', sghormer({ ...shape, preset: 'large', width: 16, seed: 1 })],
  ['SGHormer of two layers', sghormer({ ...shape, preset: 'large', layers: 2, seed: 1 })],
  ['SGHormer without hops', sghormer({ ...shape, preset: 'large', hops: 0, seed: 1 })],
  [
    'SGHormer with a bias on edges',
    sghormer({ ...shape, preset: 'large', edgeBias: 0.5, seed: 1 }),
  ],
  ['SGHormer along edges', sghormer({ ...shape, preset: 'paper', mask: 'edges', seed: 1 })],
  ['a GCN', gcn({ ...shape, layers: 3, seed: 1 })],
  ['a GAT', gat({ ...shape, seed: 1 })],
];

describe.each(backends)('part by part on %s', (_, backend) => {
  test.each(exact)('%s gives the bits of the whole graph', async (__, network) => {
    const graph = await measured(network, { x, edges }, backend);
    const whole = await runWhole(graph, backend);
    for (const nodesAtOnce of [7, 29, 100])
      expect((await runParts(graph, backend, nodesAtOnce))['logits']!.data).toEqual(whole.data);
  });

  test('linear attention of real numbers gives the same up to rounding', async () => {
    const graph = graphTransformer({ ...shape, attention: 'linear', layers: 2, seed: 1 });
    const whole = await runWhole(graph, backend);
    const { logits } = await runParts(graph, backend, 7);
    logits!.data.forEach((number, index) => expect(number).toBeCloseTo(whole.data[index]!, 4));
  });
});

describe('where it cannot work', () => {
  const [, backend] = backends[0]!;

  test.each([
    ['spiking scores of all pairs', sghormer({ ...shape, preset: 'paper', seed: 1 })],
    ['the order that makes a matrix of scores', large({ order: 'map-first' })],
    ['soft-max over all nodes', graphTransformer({ ...shape, seed: 1 })],
    ['sparse features', sghormer({ ...shape, preset: 'large', input: 'sparse', nodes: 29 })],
    ['graphs in batches', sghormer({ ...shape, preset: 'large', task: 'graphs', seed: 1 })],
  ])('%s are refused', async (_, graph) => {
    await expect(compileInParts(graph, { backend, registry })).rejects.toMatchObject({
      code: 'unsupported',
    });
  });

  test.each([
    ['an edge to no node', { x, edges: { ...edges, data: edges.data.map((end) => end + 1) } }],
    ['a missing input', { x }],
    ['a wrong width', { x: { ...x, shape: [145, 1] }, edges }],
  ])('%s is refused', async (_, inputs) => {
    const program = await compileInParts(large({}), { backend, registry });
    await expect(program.run(inputs)).rejects.toMatchObject({ name: 'SpikeloomError' });
    program.dispose();
  });

  test('it stops when it is told to, and tells how far it is', async () => {
    const program = await compileInParts(large({}), { backend, registry, nodesAtOnce: 10 });
    const seen: string[] = [];
    await program.run(
      { x, edges },
      {
        onProgress: (done, total) => void seen.push(`${done}/${total}`),
      },
    );
    expect(seen.at(-1)).toBe(`${3 * program.stages}/${3 * program.stages}`);
    await expect(program.run({ x, edges }, { signal: { aborted: true } })).rejects.toMatchObject({
      code: 'aborted',
    });
    program.dispose();
  });
});

function large(options: Partial<Parameters<typeof sghormer>[0]>): Graph {
  return sghormer({ ...shape, preset: 'large', seed: 1, ...options });
}

async function runWhole(graph: Graph, backend: Backend): Promise<Tensor> {
  const program = await backend.compile(graph, { registry, batch: 'V' });
  const { logits } = await program.run({ x, edges }, { timesteps: 1 });
  program.dispose();
  return logits!;
}

async function runParts(
  graph: Graph,
  backend: Backend,
  nodesAtOnce: number,
): Promise<Readonly<Record<string, Tensor>>> {
  const program = await compileInParts(graph, { backend, registry, nodesAtOnce });
  const outputs = await program.run({ x, edges });
  program.dispose();
  return outputs;
}

describe.each([
  ['spiking scores of all pairs', sghormer({ ...shape, preset: 'paper', seed: 1 })],
  ['scores before values', large({ order: 'map-first' })],
  ['soft-max over all nodes', graphTransformer({ ...shape, seed: 1 })],
])('a graph too large for %s', (_, graph) => {
  test.each(backends)('is refused by %s before memory runs out', async (__, backend) => {
    const nodes = 200_000;
    const ends = Int32Array.from({ length: 2 * nodes }, (___, index) => index % nodes);
    const inputs = {
      x: tensor(new Float32Array(nodes * 5), [nodes, 5]),
      edges: tensor(ends, [2, nodes], 'int32'),
    };
    const program = await backend.compile(graph, { registry, batch: 'V' });
    await expect(program.run(inputs, { timesteps: 1 })).rejects.toMatchObject({
      code: 'too-large',
      got: expect.stringMatching(/GiB.*V = 200000/) as unknown,
    });
    program.dispose();
  });
});
