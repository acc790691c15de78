import { attention } from '@spikeloom/attention';
import { createRegistry, type Graph, sizeOf, type Tensor } from '@spikeloom/ir';
import { gat, gcn, graphTransformer } from '@spikeloom/models';
import type { Backend } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { adam, createTrainer, meanOutputLoss, training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { joinRandomGraphs, randomGraph } from './random-graph.ts';

const registry = createRegistry([attention, training]);
const [, cpu] = backends[0]!;
const numbers = { absolute: 1e-4, relative: 1e-4 };
const common = { features: 5, classes: 3, seed: 6 } as const;
const graph = randomGraph(3, 9, 5);
const inputs = { x: graph.x, edges: graph.edges };

const networks = {
  gcn: () => gcn({ ...common, width: 4 }),
  gat: () => gat({ ...common, width: 3, heads: 2 }),
  'transformer with soft-max': () => graphTransformer({ ...common, width: 4 }),
  'transformer with linear attention': () =>
    graphTransformer({ ...common, width: 4, attention: 'linear' }),
} as const;

describe.each(backends)('on %s', (_, backend) => {
  test('a GCN is two propagations with weights', async () => {
    const network = networks.gcn();
    const weight = (name: string): Matrix => rowsOf(network.weights.get(name)!);
    const hidden = propagate(product(rowsOf(graph.x), weight('conv1.lin.weight')));
    const active = hidden.map((row) => row.map((value) => Math.max(value, 0)));
    const expected = propagate(product(active, weight('conv2.lin.weight')));
    expectClose('logits', await logitsOf(network, backend), tensorOf(expected), numbers);
  });

  test('a GAT is the mean over edges, weighted by both ends', async () => {
    const network = networks.gat();
    const first = attendPlainly(network, 'conv1', rowsOf(graph.x), 2);
    const active = first.map((row) => row.map((value) => (value > 0 ? value : Math.expm1(value))));
    const expected = attendPlainly(network, 'conv2', active, 1);
    expectClose('logits', await logitsOf(network, backend), tensorOf(expected), numbers);
  });

  test('transformers agree with the CPU', async () => {
    for (const name of [
      'transformer with soft-max',
      'transformer with linear attention',
    ] as const) {
      const network = networks[name]();
      const expected = await logitsOf(network, cpu);
      expect(new Set(expected.data).size).toBeGreaterThan(10);
      expectClose(name, await logitsOf(network, backend), expected, numbers);
    }
  });
});

describe.each(Object.entries(networks))('a %s', (_, make) => {
  test('learns', async () => {
    const trainer = createTrainer(make(), {
      backend: cpu,
      registry,
      timesteps: 1,
      batch: 'V',
      loss: meanOutputLoss(),
      optimiser: adam(),
    });
    const labels = Array.from({ length: 9 }, (__, node) => Math.floor(node / 3));
    const losses: number[] = [];
    for (let step = 0; step < 40; step++)
      losses.push((await trainer.step(inputs, labels, { learningRate: 0.03 })).loss);
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
    trainer.dispose();
  });
});

test.each([
  ['gcn', gcn],
  ['gat', gat],
  ['transformer', graphTransformer],
] as const)('a %s for whole graphs keeps those of a batch apart', async (_, make) => {
  const network = make({ ...common, task: 'graphs' });
  const graphs = [randomGraph(5, 7, 5), randomGraph(7, 4, 5)];
  const together = await logitsOf(network, cpu, joinRandomGraphs(graphs), 'G');
  for (const [index, one] of graphs.entries()) {
    const alone = await logitsOf(network, cpu, joinRandomGraphs([one]), 'G');
    const row = { ...together, shape: [1, 3], data: together.data.slice(index * 3, index * 3 + 3) };
    expectClose(`graph ${index}`, row as Tensor, alone, numbers);
  }
});

test('the transformer has the layout of the network that it is compared with', () => {
  const cora = graphTransformer({ features: 1433, classes: 7 });
  const parameters = cora.nodes
    .filter(({ op }) => op === 'spikeloom/param')
    .reduce((sum, { outputs }) => sum + sizeOf(outputs['out']!.shape as number[]), 0);
  expect(parameters).toBe(55_623);
});

test('a GCN for Cora has the published size', () => {
  const parameters = gcn({ features: 1433, classes: 7, width: 32 })
    .nodes.filter(({ op }) => op === 'spikeloom/param')
    .reduce((sum, { outputs }) => sum + sizeOf(outputs['out']!.shape as number[]), 0);
  expect(parameters).toBe(46_119);
});

type Matrix = readonly (readonly number[])[];

const edgeList = Array.from({ length: graph.edges.shape[1]! }, (_, edge) => ({
  source: graph.edges.data[edge]!,
  target: graph.edges.data[graph.edges.shape[1]! + edge]!,
}));

/** With the degrees of both ends, as Kipf & Welling have it. */
function propagate(rows: Matrix): Matrix {
  const degrees = rows.map((_, node) => edgeList.filter(({ target }) => target === node).length);
  return rows.map((_, node) => {
    const sum = rows[0]!.map(() => 0);
    for (const { source, target } of edgeList) {
      if (target !== node) continue;
      const share = 1 / Math.sqrt(degrees[source]! * degrees[target]!);
      rows[source]!.forEach((value, column) => (sum[column]! += share * value));
    }
    return sum;
  });
}

function attendPlainly(network: Graph, id: string, x: Matrix, heads: number): Matrix {
  const weight = (name: string): Matrix => rowsOf(network.weights.get(`${id}.${name}`)!);
  const h = product(x, weight('lin.weight'));
  const width = h[0]!.length / heads;
  const score = (name: string, node: number, head: number): number => {
    const { data } = network.weights.get(`${id}.${name}`)!;
    let sum = 0;
    for (let column = head * width; column < (head + 1) * width; column++)
      sum += h[node]![column]! * data[column]!;
    return sum;
  };
  return h.map((row, node) =>
    row.map((_, column) => {
      const head = Math.floor(column / width);
      const own = edgeList.filter(({ target }) => target === node);
      const weights = own.map(({ source }) => {
        const e = score('att_src', source, head) + score('att_dst', node, head);
        return Math.exp(e > 0 ? e : 0.2 * e);
      });
      const total = weights.reduce((sum, one) => sum + one, 0);
      return own.reduce(
        (sum, { source }, index) => sum + (weights[index]! / total) * h[source]![column]!,
        0,
      );
    }),
  );
}

/** x times the transpose of weight. */
function product(x: Matrix, weight: Matrix): Matrix {
  return x.map((row) =>
    weight.map((out) => out.reduce((sum, value, column) => sum + value * row[column]!, 0)),
  );
}

function rowsOf({ shape, data }: Tensor): Matrix {
  const width = shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, row) => [
    ...data.slice(row * width, (row + 1) * width),
  ]);
}

function tensorOf(rows: Matrix): Tensor {
  return {
    shape: [rows.length, rows[0]!.length],
    dtype: 'float32',
    data: Float32Array.from(rows.flat()),
  };
}

async function logitsOf(
  network: Graph,
  backend: Backend,
  given: Readonly<Record<string, Tensor>> = inputs,
  batch = 'V',
): Promise<Tensor> {
  const program = await backend.compile(network, { registry, batch });
  const { logits } = await program.run(given, { timesteps: 1 });
  program.dispose();
  return { ...logits!, shape: logits!.shape.slice(1) };
}
