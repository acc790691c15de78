import { attention } from '@spikeloom/attention';
import { type GraphData, graphBatch, nodeInputs, readEdgeList } from '@spikeloom/datasets';
import { createRandom, createRegistry, type Graph, type Tensor } from '@spikeloom/ir';
import { gat, gcn, graphTransformer, sghormer } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { measured } from './train-node-classifier.ts';

const registry = createRegistry([attention]);
const [, cpu] = backends[0]!;
const shape = { features: 4, classes: 3, seed: 1 } as const;

const networks: readonly (readonly [string, (task: 'nodes' | 'graphs') => Graph])[] = [
  ['SGHormer with spiking scores', (task) => sghormer({ ...shape, task, preset: 'paper' })],
  ['SGHormer with linear scores', (task) => sghormer({ ...shape, task, preset: 'large' })],
  ['SGHormer along edges', (task) => sghormer({ ...shape, task, mask: 'edges' })],
  ['the transformer with soft-max', (task) => graphTransformer({ ...shape, task })],
  [
    'the transformer in linear order',
    (task) => graphTransformer({ ...shape, task, attention: 'linear' }),
  ],
  ['a GCN', (task) => gcn({ ...shape, task })],
  ['a GAT', (task) => gat({ ...shape, task })],
];

describe.each(networks)('%s', (name, make) => {
  test.each([
    ['a graph of one node', graphOf('', 1)],
    ['a graph without edges', graphOf('', 5)],
    ['nodes without neighbours', graphOf('1 2\n2 3', 6)],
    ['parts that are not connected', graphOf('0 1\n1 2\n3 4\n4 5', 6)],
  ])('gives every node of %s finite logits', async (_, graph) => {
    const { data } = await logitsOf(make('nodes'), nodeInputs(graph));
    expect(data).toHaveLength(3 * graph.nodes);
    expect(data.every(Number.isFinite)).toBe(true);
  });

  test('is given self-loops and repeated edges as if each were there once', async () => {
    const clean = graphOf('0 1\n1 2\n2 3', 4);
    const untidy = graphOf('0 1\n1 0\n0 1\n1 1\n1 2\n2 3\n3 3\n2 3', 4);
    expect(untidy.dropped).toEqual({ selfLoops: 2, duplicates: 3 });
    const network = make('nodes');
    expect(await logitsOf(network, nodeInputs(untidy))).toEqual(
      await logitsOf(network, nodeInputs(clean)),
    );
  });

  test('classifies graphs of one node and without edges beside others, each as if it were alone', async () => {
    const graphs = [graphOf('', 1), graphOf('0 1\n1 2', 3), graphOf('', 4)];
    const set = { name: 'odd', graphs, labels: Int32Array.of(0, 1, 2), classes: 3, splits: [] };
    const network = make('graphs');
    const together = await logitsOf(network, graphBatch(set, [0, 1, 2]).inputs, 'G');
    for (const member of [0, 1, 2]) {
      const alone = await logitsOf(network, graphBatch(set, [member]).inputs, 'G');
      alone.data.forEach((value, index) =>
        expect(together.data[3 * member + index]).toBeCloseTo(value, 5),
      );
    }
  });

  test.each([
    ['above', 6],
    ['below', -1],
  ])('refuses an edge to a node %s those that are there', async (_, end) => {
    const inputs = nodeInputs(graphOf('0 1\n1 2', 6));
    const edges = { ...inputs['edges']!, data: inputs['edges']!.data.slice() };
    edges.data[0] = end;
    await expect(logitsOf(make('nodes'), { ...inputs, edges })).rejects.toMatchObject({
      name: 'SpikeloomError',
    });
  });

  const isGlobal = !['SGHormer along edges', 'a GCN', 'a GAT'].includes(name);
  test(`${isGlobal ? 'sees' : 'does not see'} parts that are not connected`, async () => {
    const graph = graphOf('0 1\n1 2\n3 4\n4 5', 6);
    const inputs = nodeInputs(graph);
    const x = { ...inputs['x']!, data: inputs['x']!.data.slice() };
    // Nodes 3 to 5 change; does node 0?
    for (let index = 12; index < 24; index++) x.data[index]! *= -3;
    // Without measured statistics spiking networks are silent.
    const network = await measured(make('nodes'), inputs, cpu);
    const before = await logitsOf(network, inputs);
    const after = await logitsOf(network, { ...inputs, x });
    const changes = before.data.slice(0, 9).map((value, index) => value - after.data[index]!);
    // A GAT takes the largest score of all nodes off before it divides by their sum: that is rounding.
    expect(changes.some((change) => Math.abs(change) > 1e-4)).toBe(isGlobal);
  });
});

/** A graph with random features that are far enough from 0 to make neurons fire. */
function graphOf(edges: string, nodes: number): GraphData {
  const random = createRandom(3);
  const values = Float32Array.from({ length: nodes * 4 }, () => 6 * random.normal());
  return {
    ...readEdgeList(edges, { nodes }),
    features: { kind: 'dense', columns: 4, values },
  };
}

async function logitsOf(
  network: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  batch = 'V',
): Promise<Tensor> {
  const program = await cpu.compile(network, { registry, batch });
  const { logits } = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  return logits!;
}
