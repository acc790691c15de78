import {
  inducedSubgraph,
  karateClub,
  nodeAccuracy,
  nodeInputs,
  nodeTargets,
  partitionGraph,
  randomSplit,
  sampleNeighbours,
  stochasticBlockModel,
  stratifiedFolds,
} from '@spikeloom/datasets';
import { createRandom, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const club = karateClub();
const pairsOf = ({ edges }: typeof club): string[] =>
  Array.from(edges.from, (from, edge) => `${from} ${edges.to[edge]}`);
const wholePairs = new Set(pairsOf(club));
/** Whether two nodes of the whole graph are friends. */
const areFriends = (a: number, b: number): boolean =>
  wholePairs.has(a < b ? `${a} ${b}` : `${b} ${a}`);

test('the karate club is that of Zachary', () => {
  const degrees = new Int32Array(34);
  for (const end of [...club.edges.from, ...club.edges.to]) degrees[end]!++;
  expect(club.edges.from.length).toBe(78);
  expect([...degrees]).toEqual([
    16, 9, 10, 6, 3, 4, 4, 4, 5, 2, 3, 1, 2, 5, 2, 2, 2, 2, 2, 3, 2, 2, 2, 5, 3, 3, 2, 4, 3, 4, 4,
    6, 12, 17,
  ]);
  expect(club.labels!.filter((label) => label === 0)).toHaveLength(17);
  expect([club.labels![0], club.labels![33]]).toEqual([0, 1]);
});

describe('a stochastic block model', () => {
  const options = { sizes: [30, 40, 50], within: 0.4, between: 0.02 };
  const make = (seed: number) => stochasticBlockModel(options, createRandom(seed));

  test('has more edges inside communities', () => {
    const { edges, labels, nodes } = make(1);
    expect(nodes).toBe(120);
    const inside = Array.from(
      edges.from,
      (from, edge) => labels![from] === labels![edges.to[edge]!],
    ).filter(Boolean).length;
    const pairs = (30 * 29 + 40 * 39 + 50 * 49) / 2;
    expect(inside / pairs).toBeCloseTo(0.4, 1);
    expect((edges.from.length - inside) / ((120 * 119) / 2 - pairs)).toBeCloseTo(0.02, 1);
  });

  test('is the same for the same seed', () => {
    expect(make(1)).toEqual(make(1));
    expect(make(2)).not.toEqual(make(1));
  });

  test('takes probabilities', () => {
    expect(() => stochasticBlockModel({ ...options, within: 1.5 }, createRandom(1))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});

describe('a part of a graph', () => {
  test('has the edges among its nodes, in the order in which they are named', () => {
    const { graph, nodes } = inducedSubgraph(club, [33, 5, 32, 8, 0, 6]);
    expect([...nodes]).toEqual([33, 5, 32, 8, 0, 6]);
    expect(pairsOf(graph)).toEqual(['0 2', '0 3', '1 4', '1 5', '2 3', '3 4', '4 5']);
    expect([...graph.labels!]).toEqual([1, 0, 1, 0, 0, 0]);
    expect([...graph.splits[0]!.train]).toEqual([4, 0]);
    expect([...nodeInputs(graph, { features: 'sparse' })['columns']!.data]).toEqual([...nodes]);
  });

  test.each([
    [[], 'empty-batch'],
    [[1, 1], 'invalid-argument'],
    [[34], 'invalid-argument'],
  ] as const)('of %j throws %s', (nodes, code) => {
    expect(() => inducedSubgraph(club, nodes)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a sample of neighbours', () => {
  const sample = (seed: number) => sampleNeighbours(club, [33, 11], [3, 2], createRandom(seed));

  test('begins with the nodes asked for and leads from neighbours to them', () => {
    const { graph, nodes } = sample(1);
    expect([...nodes.subarray(0, 2)]).toEqual([33, 11]);
    expect(graph.edges.directed).toBe(true);
    const into = (node: number): number =>
      graph.edges.to.filter((target) => target === node).length;
    // Node 11 has one friend, all of whom are drawn.
    expect([into(0), into(1)]).toEqual([3, 1]);
    graph.edges.from.forEach((from, edge) =>
      expect(areFriends(nodes[from]!, nodes[graph.edges.to[edge]!]!)).toBe(true),
    );
    const first = [...new Set(graph.edges.from)].filter((node) => node < 6);
    for (const node of first) expect(into(node)).toBeLessThanOrEqual(3);
    expect(new Set(nodes).size).toBe(graph.nodes);
  });

  test('is the same for the same seed', () => {
    expect(sample(1)).toEqual(sample(1));
    expect(sample(2)).not.toEqual(sample(1));
  });

  test('is everything where fan-outs are large', () => {
    const { graph } = sampleNeighbours(club, [0], [99, 99, 99, 99, 99], createRandom(1));
    expect(graph.nodes).toBe(34);
    expect(graph.edges.from.length).toBe(2 * 78);
  });

  test('has fan-outs of at least one', () => {
    expect(() => sampleNeighbours(club, [0], [0], createRandom(1))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});

describe('parts of a graph', () => {
  test('have every node once and are of nearly the same size', () => {
    for (const count of [1, 3, 5, 34]) {
      const parts = partitionGraph(club, count, createRandom(4));
      expect(parts.flatMap((part) => [...part]).toSorted((a, b) => a - b)).toEqual([
        ...club.labels!.keys(),
      ]);
      const sizes = parts.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  test('keep more edges than parts at random', () => {
    const graph = stochasticBlockModel(
      { sizes: [60, 60, 60], within: 0.2, between: 0.01 },
      createRandom(2),
    );
    const kept = partitionGraph(graph, 3, createRandom(3))
      .map((part) => inducedSubgraph(graph, part).graph.edges.from.length)
      .reduce((sum, edges) => sum + edges);
    // At random a third would stay.
    expect(kept / graph.edges.from.length).toBeGreaterThan(0.45);
  });

  test('are the same for the same seed', () => {
    const parts = (seed: number) => partitionGraph(club, 4, createRandom(seed));
    expect(parts(1)).toEqual(parts(1));
    expect(parts(2)).not.toEqual(parts(1));
  });

  test.each([0, 35, 1.5])('are not %f', (count) => {
    expect(() => partitionGraph(club, count, createRandom(1))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});

describe('a split', () => {
  const labels = Int32Array.from({ length: 200 }, (_, node) => (node % 7 === 0 ? -1 : node % 3));

  test('has so many of every class', () => {
    const split = randomSplit(labels, createRandom(1), { train: 5, validation: 10 });
    const perClass = (members: Int32Array): number[] =>
      [0, 1, 2].map((label) => members.filter((node) => labels[node] === label).length);
    expect(perClass(split.train)).toEqual([5, 5, 5]);
    expect(perClass(split.validation)).toEqual([10, 10, 10]);
    const all = [...split.train, ...split.validation, ...split.test];
    expect(new Set(all).size).toBe(labels.filter((label) => label >= 0).length);
  });

  test('is not made of too few', () => {
    expect(() => randomSplit(labels, createRandom(1), { train: 60 })).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringMatching(/class 0/) as string,
      }),
    );
  });

  test('in folds tests every member once, with the classes spread', () => {
    const folds = stratifiedFolds(labels, 5, createRandom(2));
    const tests = folds.flatMap(({ test: members }) => [...members]);
    expect(tests.toSorted((a, b) => a - b)).toEqual(
      [...labels.keys()].filter((node) => labels[node]! >= 0),
    );
    for (const { train, validation, test: members } of folds) {
      expect(new Set([...train, ...validation, ...members]).size).toBe(tests.length);
      for (const label of [0, 1, 2]) {
        const share = members.filter((node) => labels[node] === label).length / members.length;
        expect(share).toBeCloseTo(1 / 3, 1);
      }
    }
  });

  test.each([2, 201])('has no %i folds', (count) => {
    expect(() => stratifiedFolds(labels, count, createRandom(1))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});

describe('targets and accuracies', () => {
  test('are those of some nodes', () => {
    const { shape, data } = nodeTargets(club, [0, 33]);
    expect(shape).toEqual([34, 2]);
    expect([data[0], data[1], data[66], data[67]]).toEqual([17, 0, 0, 17]);
    expect([...data].filter((value) => value !== 0)).toHaveLength(2);
    const logits = tensor(
      Array.from({ length: 68 }, (_, index) => (index % 2 === 0 ? 1 : 0)),
      [34, 2],
    );
    expect(nodeAccuracy(club, logits, [0, 1, 32, 33])).toBe(0.5);
  });

  test.each([
    [[], 'empty-batch'],
    [[99], 'invalid-argument'],
  ] as const)('of %j throw %s', (members, code) => {
    expect(() => nodeTargets(club, members)).toThrow(expect.objectContaining({ code }));
    const logits = tensor(new Float32Array(68), [34, 2]);
    expect(() => nodeAccuracy(club, logits, members)).toThrow(expect.objectContaining({ code }));
  });

  test('need classes', () => {
    const { labels, ...without } = club;
    expect(labels).toHaveLength(34);
    expect(() => nodeTargets(without, [0])).toThrow(
      expect.objectContaining({ code: 'missing-input' }),
    );
    const unknown = { ...club, labels: labels!.with(0, -1) };
    expect(() => nodeTargets(unknown, [0])).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });

  test('features may be divided by their sums', () => {
    const graph = {
      ...inducedSubgraph(club, [0, 1]).graph,
      features: { kind: 'dense', columns: 2, values: Float32Array.of(1, 3, 0, 0) } as const,
    };
    expect([...nodeInputs(graph, { rowSums: true })['x']!.data]).toEqual([0.25, 0.75, 0, 0]);
    const sparse = nodeInputs(graph, { rowSums: true, features: 'sparse' });
    expect([...sparse['values']!.data]).toEqual([0.25, 0.75]);
    const { features, ...without } = graph;
    expect(features.columns).toBe(2);
    expect(() => nodeInputs(without)).toThrow(expect.objectContaining({ code: 'missing-input' }));
  });
});
