import { gzipSync } from 'node:zlib';
import {
  graphBatch,
  readAdjacencyText,
  readOgbGraphs,
  readOgbNodes,
  readTuCollection,
} from '@spikeloom/datasets';
import { describe, expect, test } from 'vitest';
import { denseValues } from '../../src/graphs/feature-matrix.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

describe('a TU collection', () => {
  // A triangle, and a path of three with a node of its own.
  const files = {
    A: '1, 2\n2, 1\n2, 3\n3, 2\n1, 3\n3, 1\n4, 5\n5, 6\n',
    graph_indicator: '1\n1\n1\n2\n2\n2\n2\n',
    graph_labels: '1\n-1\n',
    node_labels: '0\n0\n5\n2\n2\n0\n5\n',
    node_attributes: '0.5\n1\n2\n3\n4\n5\n6\n',
  };

  test('has graphs of its nodes, with attributes and labels as features', () => {
    const set = readTuCollection('TINY', files);
    expect(set.graphs.map(({ nodes }) => nodes)).toEqual([3, 4]);
    expect([...set.labels]).toEqual([1, 0]);
    const [first, second] = set.graphs;
    expect([...first!.edges.from, ...first!.edges.to]).toEqual([0, 0, 1, 1, 2, 2]);
    expect([...second!.edges.from, ...second!.edges.to]).toEqual([0, 1, 1, 2]);
    expect([...denseValues(first!.features!)]).toEqual([0.5, 1, 0, 0, 1, 1, 0, 0, 2, 0, 0, 1]);
  });

  test('has a single 1 where nodes have no features', () => {
    const { A, graph_indicator, graph_labels } = files;
    const { graphs } = readTuCollection('TINY', { A, graph_indicator, graph_labels });
    expect([...denseValues(graphs[1]!.features!)]).toEqual([1, 1, 1, 1]);
  });

  test.each([
    [{ A: '1, 9\n' }, /TINY_A.txt: line 1 has an end that is no node, expected 1 to 7, got 9/],
    [{ A: '1, 2\n3, 4\n' }, /line 2 joins nodes of two graphs/],
    [{ graph_indicator: '1\n1\n1\n3\n3\n3\n3\n' }, /line 4 leaves out a graph/],
    [{ graph_indicator: '1\n2\n1\n2\n2\n2\n2\n' }, /line 3 leaves out a graph or goes back/],
    [{ graph_labels: '1\n-1\n1\n' }, /the last graphs have no nodes/],
    [{ graph_labels: '1\n' }, /line 4 names no graph/],
    [{ node_labels: '1\n' }, /node_labels.txt: there is not one line per node/],
    [{ node_attributes: '1\n2 3\n' }, /line 2 has another number of columns/],
  ] as const)('with %o throws', (changes, message) => {
    expect(() => readTuCollection('TINY', { ...files, ...changes })).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});

describe('a text of neighbour lists', () => {
  const lines = ['2', '3 7', '0 1 1 0.5', '1 2 0 2 1.5', '0 1 1 2.5', '1 4', '9 0 3.5'];

  test('has tags, one-hot, and attributes as features', () => {
    const set = readAdjacencyText('lists', lines.join('\n'));
    expect(set).toMatchObject({ classes: 2, labels: Int32Array.of(1, 0) });
    const [first, second] = set.graphs;
    expect([...first!.edges.from, ...first!.edges.to]).toEqual([0, 1, 1, 2]);
    expect([...denseValues(first!.features!)]).toEqual([1, 0, 0, 0.5, 0, 1, 0, 1.5, 1, 0, 0, 2.5]);
    expect(second).toMatchObject({ nodes: 1, edges: { from: new Int32Array() } });
  });

  test.each([
    [1, '3', /line 2 has no label/],
    [2, '0 x', /line 3 is not a node/],
    [3, '1 2 0', /line 4 has too few neighbours/],
    [3, '1 2 0 8 1.5', /line 4 has an end that is no node, expected 0 to 2, got 8/],
    [4, '0 1 1', /line 5 has other attributes/],
    [0, '3', /line 8 is not the size and the label of a graph/],
  ] as const)('damaged in line %i: %s', (at, line, message) => {
    const damaged = lines.with(at, line).join('\n');
    expect(() => readAdjacencyText('lists', damaged)).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});

describe('the Open Graph Benchmark', () => {
  const nodes = {
    edge: text('0,1\n1,2\n2,0\n'),
    'num-node-list': text('4\n'),
    'num-edge-list': text('3\n'),
    'node-feat': text('0.5,1\n1,1\n2,2\n3,3\n'),
    'node-label': text('0\n1\n2\n1\n'),
    train: text('0\n1\n'),
    valid: text('2\n'),
    test: text('3\n'),
  };

  test('has graphs whose nodes are classified, packed or not', async () => {
    for (const pack of [(bytes: Uint8Array) => bytes, (bytes: Uint8Array) => gzipSync(bytes)]) {
      const files = Object.fromEntries(
        Object.entries(nodes).map(([name, bytes]) => [name, new Uint8Array(pack(bytes))]),
      );
      const graph = await readOgbNodes('ogbn', files as never);
      expect(graph).toMatchObject({ name: 'ogbn', nodes: 4, classes: 3 });
      expect([...graph.edges.from, ...graph.edges.to]).toEqual([0, 0, 1, 1, 2, 2]);
      expect(graph.splits).toEqual([
        { train: Int32Array.of(0, 1), validation: Int32Array.of(2), test: Int32Array.of(3) },
      ]);
    }
  });

  test('keeps directions if asked', async () => {
    const graph = await readOgbNodes('ogbn', nodes, { directed: true });
    expect([...graph.edges.from, ...graph.edges.to]).toEqual([0, 1, 2, 1, 2, 0]);
  });

  test('has sets of graphs, with ids that start anew in each', async () => {
    const set = await readOgbGraphs('ogbg', {
      edge: text('0,1\n1,2\n0,1\n'),
      'num-node-list': text('3\n2\n'),
      'num-edge-list': text('2\n1\n'),
      'graph-label': text('1\n0\n'),
    });
    expect(set).toMatchObject({ classes: 2, labels: Int32Array.of(1, 0), splits: [] });
    expect(set.graphs.map(({ edges }) => [...edges.to])).toEqual([[1, 2], [1]]);
  });

  test.each([
    [{ edge: text('0,1\n1,2\n') }, /edge: the number of lines does not fit/],
    [{ edge: text('0,1\n1,2\n2,4\n') }, /edge: line 3 has an end that is no node/],
    [{ 'node-label': text('0\n1\n') }, /node-label: there is not one line per node/],
    [{ 'node-feat': text('1\n1\n') }, /node-feat: the number of lines/],
    [
      {
        'num-node-list': text('2\n2\n'),
        'num-edge-list': text('1\n2\n'),
        edge: text('0,1\n0,1\n1,0\n'),
      },
      /a set of nodes is one graph/,
    ],
    [{ test: text('4\n') }, /test: line 1 names nothing, expected 0 to 3/],
  ] as const)('damaged, %#: %s', async (changes, message) => {
    await expect(readOgbNodes('ogbn', { ...nodes, ...changes })).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('a batch of graphs', () => {
  const set = readAdjacencyText('lists', '3\n2 0\n0 1 1\n1 1 0\n1 1\n0 0\n2 0\n1 1 1\n1 1 0\n');

  test('has nodes and edges side by side', () => {
    const { inputs, labels } = graphBatch(set, [2, 1]);
    expect([...labels]).toEqual([0, 1]);
    expect([...inputs['graph']!.data]).toEqual([0, 0, 1]);
    expect([...inputs['sizes']!.data]).toEqual([2, 1]);
    expect([...inputs['x']!.data]).toEqual([0, 1, 0, 1, 1, 0]);
    expect([...inputs['edges']!.data]).toEqual([1, 0, 0, 1, 2, 0, 0, 1, 1, 2]);
  });

  test('may have sparse features', () => {
    const { inputs } = graphBatch(set, [0, 2], { features: 'sparse' });
    expect([...inputs['rows']!.data]).toEqual([0, 1, 2, 3]);
    expect([...inputs['columns']!.data]).toEqual([0, 1, 1, 1]);
  });

  test('is not empty, and names graphs that are there', () => {
    expect(() => graphBatch(set, [])).toThrow(expect.objectContaining({ code: 'empty-batch' }));
    expect(() => graphBatch(set, [3])).toThrow(
      expect.objectContaining({ code: 'invalid-argument', got: '3' }),
    );
  });
});
