import { attention } from '@spikeloom/attention';
import {
  createRegistry,
  type Graph,
  graphFromJson,
  graphToJson,
  sizeOf,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { batchStatistics, sghormer, type SghormerOptions, withStatistics } from '@spikeloom/models';
import { type Backend, traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { adam, createTrainer, meanOutputLoss, training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { joinRandomGraphs, randomGraph, reorderNodes, reorderRows } from './random-graph.ts';

const registry = createRegistry([attention, training]);
const [, cpu] = backends[0]!;
const [, wasm] = backends[2]!;
const numbers = { absolute: 1e-4, relative: 1e-4 };
const shape = { features: 6, classes: 3, width: 8, heads: 2, seed: 4 } as const;
const graph = randomGraph(1, 12, 6);
const inputs = { x: graph.x, edges: graph.edges };

/** One of every choice there is. */
const variants: readonly Partial<SghormerOptions>[] = [
  { preset: 'paper' },
  { preset: 'paper', weighting: 'step', rectify: 'membrane', neuron: { reset: null } },
  { preset: 'paper', mask: 'edges', edgeBias: 0.5, encoder: 'current' },
  { preset: 'large' },
  { preset: 'large', order: 'map-first', rectify: 'rate', layers: 2 },
  { preset: 'large', edgeBias: 2, rectify: 'membrane-norm', neuron: { neuron: 'if', reset: null } },
  { preset: 'large', mask: 'edges', scale: 'one', neuron: { adaptive: true } },
  { preset: 'large', mix: 0, hops: 0 },
  { preset: 'large', mix: 1, hops: 0 },
];

describe('SGHormer', () => {
  test.each(variants)('gives nodes in another order the same logits: %o', async (variant) => {
    const network = await awake(sghormer({ ...shape, ...variant }));
    const order = [3, 8, 0, 11, 5, 1, 7, 10, 2, 6, 4, 9];
    const moved = reorderNodes(graph, order);
    const before = await logitsOf(network, inputs);
    const after = await logitsOf(network, { x: moved.x, edges: moved.edges });
    expect(new Set(before.data).size).toBeGreaterThan(10);
    expectClose('logits', after, reorderRows(before, order), numbers);
  });

  test.each(['paper', 'large'] as const)(
    'shows a change of one node to others that are not its neighbours: %s',
    async (preset) => {
      const options = { ...shape, preset, hops: 0, encoder: 'current' } as const;
      const network = await awake(sghormer(options));
      const before = await attentionOf(network, inputs);
      const x = tensor(
        Array.from(graph.x.data, (value, index) => (Math.floor(index / 6) === 5 ? -value : value)),
        graph.x.shape,
      );
      const after = await attentionOf(network, { ...inputs, x });
      const changed = rowsThatDiffer(before, after);
      // Node 5 has the neighbours 4 and 6.
      expect(changed.filter((node) => node < 4 || node > 6).length).toBeGreaterThan(3);
    },
  );

  test('ignores edges where all is attention', async () => {
    const network = await awake(sghormer({ ...shape, preset: 'large', mix: 1, hops: 0 }));
    const none = Array.from({ length: 12 }, (_, node) => node);
    const edges = tensor([...none, ...none], [2, 12], 'int32');
    expect(await logitsOf(network, { ...inputs, edges })).toEqual(await logitsOf(network, inputs));
    const local = await awake(sghormer({ ...shape, preset: 'large', mix: 0.5, hops: 0 }));
    expect(await logitsOf(local, { ...inputs, edges })).not.toEqual(await logitsOf(local, inputs));
  });

  test('gives the same bits in blocks of rows', async () => {
    const awoken = await awake(sghormer({ ...shape, preset: 'paper' }));
    const whole = await logitsOf(awoken, inputs);
    const cut = sghormer({ ...shape, preset: 'paper', nodes: 12, rowBlock: 5 });
    expect(await logitsOf({ ...cut, weights: awoken.weights }, inputs)).toEqual(whole);
  });

  test.each(['current', 'spikes'] as const)(
    'reads sparse features as dense ones, as %s',
    async (encoder) => {
      const kept = Array.from(graph.x.data, (value) => (value > 0.3 ? value : 0));
      const x = tensor(kept, graph.x.shape);
      const entries = kept.flatMap((value, index) =>
        value === 0 ? [] : [[index, value] as const],
      );
      const integers = (list: readonly number[]): Tensor => tensor(list, [list.length], 'int32');
      const sparse = {
        values: tensor(entries.map(([, value]) => value)),
        rows: integers(entries.map(([index]) => Math.floor(index / 6))),
        columns: integers(entries.map(([index]) => index % 6)),
        edges: graph.edges,
      };
      const dense = await awake(sghormer({ ...shape, encoder }));
      const other = sghormer({ ...shape, encoder, input: 'sparse', nodes: 12 });
      const found = await logitsOf({ ...other, weights: dense.weights }, sparse);
      expectClose('logits', found, await logitsOf(dense, { ...inputs, x }), numbers);
    },
  );

  test.each([
    { preset: 'paper' },
    { preset: 'large' },
    { preset: 'large', order: 'map-first' },
    { preset: 'large', mask: 'edges' },
  ] as const)('classifies a graph of a batch as if it were alone: %o', async (variant) => {
    const graphs = [randomGraph(5, 7, 6), randomGraph(6, 1, 6), randomGraph(7, 9, 6)];
    const batch = joinRandomGraphs(graphs);
    const untrained = sghormer({ ...shape, ...variant, task: 'graphs' });
    const network = await awake(untrained, batch, 'G');
    const together = await logitsOf(network, batch, 'G');
    expect(together.shape).toEqual([3, 3]);
    for (const [index, one] of graphs.entries()) {
      const alone = await logitsOf(network, joinRandomGraphs([one]), 'G');
      const row = tensor(together.data.slice(index * 3, (index + 1) * 3) as Float32Array, [1, 3]);
      expectClose(`graph ${index}`, row, alone, numbers);
    }
  });

  test('shows what rectify blocks lose', async () => {
    const network = sghormer({ ...shape, preset: 'paper', errors: true });
    const program = await cpu.compile(await awake(network), { registry, batch: 'V' });
    const outputs = await program.run(inputs, { timesteps: 1 });
    program.dispose();
    const errors = Object.keys(outputs).filter((name) => name.endsWith('.error'));
    expect(errors.toSorted()).toEqual([
      'layers.0.srb_a.error',
      'layers.0.srb_f.error',
      'layers.0.srb_s.error',
      'srb_in.error',
      'srb_out.error',
    ]);
    for (const name of errors) expect(outputs[name]!.data[0], name).toBeGreaterThan(0);
  });

  test('has the parameters of the reference code', () => {
    const cora = sghormer({ features: 1433, classes: 7, preset: 'large' });
    expect(countParameters(cora)).toBe(56_199);
    const names = cora.nodes.filter(({ op }) => /\/(?:param|buffer)$/.test(op)).map(({ id }) => id);
    expect(names).toContain('enc.weight');
    expect(names).toContain('layers.0.attn.bn_q.running_var');
    expect(names).toContain('layers.0.srb_a.bn.weight');
    expect(names).toContain('head.bias');
  });

  test('keeps its preset in a model file', () => {
    for (const preset of ['paper', 'large'] as const) {
      const network = graphFromJson(
        graphToJson(sghormer({ ...shape, preset })),
        new Map(),
        registry,
      );
      expect(network.metadata).toMatchObject({ family: 'sghormer', architecture: { preset } });
      const node = network.nodes.find(({ id }) => id === 'layers.0.attn.o')!;
      expect(node.attributes['scores']).toBe(preset === 'paper' ? 'spiking' : 'linear');
    }
  });

  test('starts from the same weights for the same seed', () => {
    const first = sghormer({ ...shape, seed: 1 }).weights;
    expect(sghormer({ ...shape, seed: 1 }).weights).toEqual(first);
    expect(sghormer({ ...shape, seed: 2 }).weights).not.toEqual(first);
    expect(first.get('layers.0.srb_a.bn.running_var')!.data).toEqual(new Float32Array(8).fill(1));
    expect(Math.max(...first.get('enc.weight')!.data)).toBeLessThanOrEqual(1 / Math.sqrt(6));
  });

  test.each([
    [{ heads: 3 }, 'config.heads'],
    [{ rowBlock: 4 }, 'config.nodes'],
    [{ input: 'sparse' }, 'config.nodes'],
    [{ labels: ['one'] }, 'config.labels'],
    [{ mix: 1.5 }, 'config.mix'],
    [{ preset: 'small' }, 'config.preset'],
    [{ preset: 'paper', edgeBias: 1 }, 'layers.0.attn.o'],
  ])('with %o names %s', (changes, path) => {
    expect(() => sghormer({ ...shape, ...changes } as SghormerOptions)).toThrow(
      expect.objectContaining({ path }),
    );
  });
});

test.each(backends)('SGHormer on %s agrees with the CPU', async (_, backend) => {
  for (const variant of variants) {
    const network = await awake(sghormer({ ...shape, ...variant }));
    const expected = await logitsOf(network, inputs);
    expectClose('logits', await logitsOf(network, inputs, 'V', backend), expected, numbers);
  }
});

test.each(variants)('SGHormer learns with all its weights: %o', async (variant) => {
  const trainer = createTrainer(sghormer({ ...shape, ...variant }), {
    backend: wasm,
    registry,
    timesteps: 1,
    batch: 'V',
    loss: meanOutputLoss(),
    optimiser: adam(),
  });
  const labels = Array.from({ length: 12 }, (_, node) => Math.floor(node / 4));
  const gradients = await trainer.gradients(inputs, labels);
  const silent = [...gradients].filter(([, { data }]) => data.every((value) => value === 0));
  expect(silent.map(([name]) => name)).toEqual([]);
  const losses: number[] = [];
  for (let step = 0; step < 20; step++)
    losses.push((await trainer.step(inputs, labels, { learningRate: 0.02 })).loss);
  expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);
  trainer.dispose();
});

/** With the statistics of the graph at hand: those that a network starts with leave it silent. */
async function awake(
  network: Graph,
  given: Readonly<Record<string, Tensor>> = inputs,
  batch = 'V',
): Promise<Graph> {
  const program = await cpu.compile(batchStatistics(network, registry), { registry, batch });
  const found = await program.run(given, { timesteps: 1 });
  program.dispose();
  return withStatistics(network, found);
}

async function logitsOf(
  network: Graph,
  given: Readonly<Record<string, Tensor>>,
  batch = 'V',
  backend: Backend = cpu,
): Promise<Tensor> {
  const program = await backend.compile(network, { registry, batch });
  const { logits } = await program.run(given, { timesteps: 1 });
  program.dispose();
  return { ...logits!, shape: logits!.shape.slice(1) };
}

/** What attention gives every node, `[1, T, V, D]`. */
async function attentionOf(
  network: Graph,
  given: Readonly<Record<string, Tensor>>,
): Promise<Tensor> {
  const program = await cpu.compile(network, { registry, batch: 'V' });
  const probe = traces(['layers.0.attn.o']);
  await program.run(given, { timesteps: 1, taps: probe.taps });
  program.dispose();
  return probe.read().get('layers.0.attn.o')!;
}

function rowsThatDiffer(before: Tensor, after: Tensor): number[] {
  const [, , nodes, width] = before.shape as [number, number, number, number];
  const rows = new Set<number>();
  before.data.forEach((value, index) => {
    if (value !== after.data[index]) rows.add(Math.floor(index / width) % nodes);
  });
  return [...rows];
}

function countParameters(network: Graph): number {
  return network.nodes
    .filter(({ op }) => op === 'spikeloom/param')
    .reduce((sum, { outputs }) => sum + sizeOf(outputs['out']!.shape as number[]), 0);
}
