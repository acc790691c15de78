import { graphPropagation, spikingGraphAttention } from '@spikeloom/attention';
import { createBuilder, lowerToPrimitives, sizeOf, type Tensor, tensor } from '@spikeloom/ir';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { plainAttention } from './spiking-graph-plain-attention.ts';
import { bothWays, randomTrain, registry, runOperator } from './spiking-graph-run.ts';

const [timesteps, nodes, width, heads] = [4, 9, 6, 2];
const trains = {
  q: randomTrain(1, [timesteps, nodes, width]),
  k: randomTrain(2, [timesteps, nodes, width]),
  v: randomTrain(3, [timesteps, nodes, width]),
};
/** A path with a chord, and a node without neighbours. */
const edges = bothWays(
  tensor([0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 7, 4], [2, 8], 'int32'),
  nodes,
);
const neuron = { threshold: 0.4 };
const numbers = { absolute: 1e-6, relative: 1e-6 };
const [, cpu] = backends[0]!;

/** Every kind of attention there is between these nodes. */
const kinds = [
  { scores: 'spiking', weighting: 'rate', ...neuron },
  { scores: 'spiking', weighting: 'step', ...neuron },
  { scores: 'spiking', weighting: 'rate', mask: 'edges', ...neuron },
  { scores: 'spiking', weighting: 'step', mask: 'edges', edgeBias: 0.25, ...neuron },
  { scores: 'linear' },
  { scores: 'linear', order: 'map-first' },
  { scores: 'linear', edgeBias: 1.5 },
  { scores: 'linear', mask: 'edges', edgeBias: 2 },
] as const;

describe.each(backends)('spiking graph attention on %s', (_, backend) => {
  const attend = async (attributes: object, given: object = {}): Promise<Tensor> => {
    const inputs = { ...trains, edges, ...given };
    const run = await runOperator(
      spikingGraphAttention,
      inputs,
      { heads, scale: 'one', ...attributes },
      backend,
    );
    return run['out']!;
  };

  test.each(kinds)('is what its equation says: %o', async (kind) => {
    const expected = plainAttention(trains, { heads, edges, ...kind });
    const found = await attend(kind);
    expect(Math.max(...expected.data)).toBeGreaterThan(0.5);
    expectClose('out', found, expected, numbers);
  });

  test('gives the same bits in both orders, and in blocks of rows', async () => {
    const contextFirst = await attend({ scores: 'linear' });
    for (const rowBlock of [0, 1, 4, 100])
      expect(await attend({ scores: 'linear', order: 'map-first', rowBlock })).toEqual(
        contextFirst,
      );
    const whole = await attend({ ...neuron });
    for (const rowBlock of [1, 4, 9]) expect(await attend({ ...neuron, rowBlock })).toEqual(whole);
  });

  test('keeps the graphs of a batch apart', async () => {
    const sizes = tensor([4, 5], [2], 'int32');
    const graph = tensor([0, 0, 0, 0, 1, 1, 1, 1, 1], [nodes], 'int32');
    for (const kind of [
      { scores: 'linear' },
      { scores: 'linear', order: 'map-first', rowBlock: 2 },
      { scores: 'spiking', ...neuron },
      { scores: 'spiking', rowBlock: 4, ...neuron, reset: 0.5 },
    ] as const) {
      const scale = 'inverse-nodes';
      const together = await attend({ ...kind, scale }, { graph, sizes });
      const alone = [];
      for (const [start, size] of [
        [0, 4],
        [4, 5],
      ] as const) {
        const part = Object.fromEntries(
          Object.entries(trains).map(([name, train]) => [name, nodesOf(train, start, size)]),
        );
        const own = bothWays(tensor([], [2, 0], 'int32'), size);
        alone.push(await attend({ ...kind, scale, rowBlock: 0 }, { ...part, edges: own }));
      }
      expectClose('first', nodesOf(together, 0, 4), alone[0]!, numbers);
      expectClose('second', nodesOf(together, 4, 5), alone[1]!, numbers);
    }
  });
});

describe('spiking graph attention', () => {
  const attend = async (kind: object, given: object = {}): Promise<Tensor> => {
    const inputs = { ...trains, edges, ...given };
    const run = await runOperator(spikingGraphAttention, inputs, { heads, ...kind }, cpu);
    return run['out']!;
  };

  test.each(kinds)('mixes nodes: %o', async (kind) => {
    const before = await attend(kind);
    const changed = [...trains.k.data];
    // Node 5 turns all its keys and values around; its queries stay, so only what others see of it changes.
    const flip = (data: ArrayLike<number>): Tensor =>
      tensor(
        Array.from(data, (spike, index) =>
          Math.floor(index / width) % nodes === 5 ? 1 - spike : spike,
        ),
        [timesteps, nodes, width],
      );
    const after = await attend(kind, { k: flip(changed), v: flip([...trains.v.data]) });
    const moved = changedNodes(before, after);
    expect(moved.length).toBeGreaterThan(1);
    const neighbours = [4, 5, 6];
    if ('mask' in kind) expect(neighbours).toEqual(expect.arrayContaining(moved));
    else expect(moved.filter((node) => !neighbours.includes(node)).length).toBeGreaterThan(2);
  });

  test.each(kinds)('follows the nodes when they change places: %o', async (kind) => {
    const order = [3, 8, 0, 5, 1, 7, 2, 6, 4];
    const placeOf = order.map((_, node) => order.indexOf(node));
    const moved = Object.fromEntries(
      Object.entries(trains).map(([name, train]) => [name, reordered(train, order)]),
    );
    const renamed = tensor(
      Array.from(edges.data, (node) => placeOf[node]!),
      edges.shape,
      'int32',
    );
    const after = await attend(kind, { ...moved, edges: renamed });
    expectClose('out', after, reordered(await attend(kind), order), numbers);
  });

  test('scales by the nodes, by the width of a head, or not', async () => {
    const counts = await attend({ scores: 'linear', scale: 'one' });
    expect([...counts.data].every(Number.isInteger)).toBe(true);
    for (const [scale, factor] of [
      ['inverse-nodes', 1 / nodes],
      ['inverse-root-width', 1 / Math.sqrt(width / heads)],
    ] as const) {
      const expected = tensor(
        Array.from(counts.data, (count) => count * factor),
        counts.shape,
      );
      expectClose(scale, await attend({ scores: 'linear', scale }), expected, numbers);
    }
  });

  test('holds no more scores at once than a block of rows has', () => {
    const largest = (attributes: object): number => {
      const b = createBuilder();
      const train = (name: string) => b.input(name, [2, 200, 4]);
      const given = { q: train('q'), k: train('k'), v: train('v') };
      b.output('out', b.apply(spikingGraphAttention, given, { heads: 2, ...attributes }).out);
      const { nodes: lowered } = lowerToPrimitives(b.build(), registry).graph;
      const sizes = lowered.flatMap(({ outputs }) =>
        Object.values(outputs).map(({ shape }) => sizeOf(shape as readonly number[])),
      );
      return Math.max(...sizes);
    };
    expect(largest({})).toBe(2 * 200 * 200);
    expect(largest({ rowBlock: 16 })).toBe(2 * 16 * 200);
    expect(largest({ scores: 'linear' })).toBe(2 * 200 * 4);
    expect(largest({ scores: 'linear', order: 'map-first', rowBlock: 8 })).toBe(2 * 2 * 8 * 200);
  });

  test('runs on any number of nodes and edges', async () => {
    const b = createBuilder();
    const train = (name: string) => b.input(name, [timesteps, 'V', width]);
    const inputs = {
      q: train('q'),
      k: train('k'),
      v: train('v'),
      edges: b.input('edges', [2, 'E'], { dtype: 'int32' }),
    };
    b.output('out', b.apply(spikingGraphAttention, inputs, { heads, ...neuron }).out);
    const program = await cpu.compile(b.build(), { registry, batch: 'V' });
    const { out } = await program.run({ ...trains, edges }, { timesteps: 1 });
    expect(out!.data).toEqual((await attend(neuron)).data);
    program.dispose();
  });

  test.each([
    [{ mask: 'edges' }, [], 'missing-input'],
    [{ scores: 'linear', edgeBias: 1 }, [], 'missing-input'],
    [{ edgeBias: 1 }, ['edges'], 'unsupported'],
    [{ rowBlock: 4 }, [], 'invalid-attribute'],
    [{ rowBlock: -1 }, [], 'invalid-attribute'],
    [{}, ['graph'], 'missing-input'],
    [{ heads: 5 }, [], 'shape-mismatch'],
  ] as const)('with %o and %j throws %s', (attributes, given, code) => {
    const b = createBuilder();
    const train = (name: string) => b.input(name, [timesteps, 'V', width]);
    const shapes = { edges: [2, 'E'], graph: ['V'] } as const;
    const others = Object.fromEntries(
      given.map((name) => [name, b.input(name, shapes[name], { dtype: 'int32' })]),
    );
    const inputs = { q: train('q'), k: train('k'), v: train('v'), ...others };
    expect(() => b.apply(spikingGraphAttention, inputs, attributes, 'attention')).toThrow(
      expect.objectContaining({ code, path: 'attention' }),
    );
  });
});

describe('graph propagation', () => {
  // 0 - 1 - 2, and 3 alone.
  const path = bothWays(tensor([0, 1, 1, 2], [2, 2], 'int32'), 4);
  const x = tensor([1, 10, 100, 1000], [4, 1]);
  const propagate = async (scale: string): Promise<number[]> => [
    ...(await runOperator(graphPropagation, { x, edges: path }, { scale }, cpu))['out']!.data,
  ];

  test('sums, averages and scales by the degrees of both ends', async () => {
    expect(await propagate('sum')).toEqual([11, 111, 110, 1000]);
    expect(await propagate('mean')).toEqual([5.5, 37, 55, 1000]);
    const root = Math.sqrt(6);
    const expected = [1 / 2 + 10 / root, 10 / 3 + 101 / root, 10 / root + 50, 1000];
    (await propagate('symmetric')).forEach((value, node) =>
      expect(value).toBeCloseTo(expected[node]!, 3),
    );
  });

  test('leaves a node without any edge at 0', async () => {
    const only = tensor([0, 0], [2, 1], 'int32');
    for (const scale of ['sum', 'mean', 'symmetric']) {
      const { out } = await runOperator(graphPropagation, { x, edges: only }, { scale }, cpu);
      expect([...out!.data]).toEqual([1, 0, 0, 0]);
    }
  });

  test.each(backends)('names an edge to a node that does not exist on %s', async (_, backend) => {
    const wrong = tensor([0, 4, 1, 2], [2, 2], 'int32');
    await expect(
      runOperator(graphPropagation, { x, edges: wrong }, {}, backend),
    ).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});

/** The nodes of `[T, V, D]` for which anything differs. */
function changedNodes(before: Tensor, after: Tensor): number[] {
  const changed = new Set<number>();
  before.data.forEach((value, index) => {
    if (value !== after.data[index]) changed.add(Math.floor(index / width) % nodes);
  });
  return [...changed].toSorted((a, b) => a - b);
}

function nodesOf(train: Tensor, start: number, size: number): Tensor {
  return picked(
    train,
    Array.from({ length: size }, (_, index) => start + index),
  );
}

function reordered(train: Tensor, order: readonly number[]): Tensor {
  return picked(train, order);
}

/** Some nodes of a train, in an order. */
function picked({ shape, data }: Tensor, order: readonly number[]): Tensor {
  const [steps, all, columns] = shape as [number, number, number];
  const rows = Array.from({ length: steps }, (_, step) =>
    order.flatMap((node) => [
      ...data.slice((step * all + node) * columns, (step * all + node + 1) * columns),
    ]),
  );
  return tensor(rows.flat(), [steps, order.length, columns]);
}
