import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, toTensor } from '@spikeloom/checkpoint';
import { graphFromTensors, readAdjacencyText } from '@spikeloom/datasets';
import { type Tensor, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const integers = (data: readonly number[], shape: readonly number[] = [data.length]): Tensor =>
  tensor(data, shape, 'int32');

describe('a graph of tensors', () => {
  const tensors = {
    edge_index: integers([0, 0, 1, 2], [2, 2]),
    x_indptr: integers([0, 1, 1, 3]),
    x_indices: integers([1, 0, 2]),
    labels: integers([0, 1, 1]),
    train_masks: integers([1, 0, 0, 0, 1, 0], [2, 3]),
    val_masks: integers([0, 1, 0, 0, 0, 1], [2, 3]),
    test_masks: integers([0, 0, 1, 1, 0, 0], [2, 3]),
  };
  const read = (changes: Readonly<Record<string, Tensor | undefined>>) => () =>
    graphFromTensors(
      'made',
      new Map(
        Object.entries<Tensor | undefined>({ ...tensors, ...changes }).flatMap(([name, given]) =>
          given ? [[name, given] as const] : [],
        ),
      ),
    );

  test('has sparse features and as many splits as masks', () => {
    const graph = read({})();
    expect(graph).toMatchObject({
      nodes: 3,
      classes: 2,
      features: { kind: 'sparse', columns: 3, values: Float32Array.of(1, 1, 1) },
    });
    expect(graph.splits).toEqual([
      { train: Int32Array.of(0), validation: Int32Array.of(1), test: Int32Array.of(2) },
      { train: Int32Array.of(1), validation: Int32Array.of(2), test: Int32Array.of(0) },
    ]);
  });

  test('may have dense features, or none', () => {
    const x = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
    expect(read({ x })().features).toMatchObject({ kind: 'dense', columns: 2 });
    expect(read({ x_indices: undefined })().features).toBeUndefined();
  });

  test.each([
    [{ edge_index: undefined }, /edge_index: the tensor is missing/],
    [{ edge_index: integers([0, 1, 2], [3, 1]) }, /edge_index: the tensor has another shape/],
    [{ edge_index: integers([0, 9], [2, 1]) }, /edge_index: edge 0 has an end that is no node/],
    [{ x_indptr: integers([0, 1, 3]) }, /not one row start per row/],
    [{ x_indices: integers([1, 0]) }, /the last row start is not the number of entries/],
    [{ x_indptr: undefined }, /x_indptr: the tensor is missing/],
    [{ x: tensor([1, 2], [1, 2]) }, /x: the tensor does not fit the number of nodes/],
    [{ val_masks: integers([1, 0], [1, 2]) }, /val_masks: a mask has a number for every node/],
    [{ labels: undefined, x_indptr: undefined }, /nothing tells how many nodes/],
  ] as const)('with %o throws', (changes, message) => {
    expect(read(changes)).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringMatching(message) as string,
      }),
    );
  });
});

/** A folder with real graphs, which are other people's and do not come with the sources. */
const folder = process.env['SPIKELOOM_GRAPHS'];

describe.skipIf(folder === undefined)('real graphs in the folder SPIKELOOM_GRAPHS', () => {
  const open = (name: string) => {
    const { tensors, metadata } = readSafetensors(
      readFileSync(join(folder!, `${name}.safetensors`)),
    );
    const read = [...tensors].map(([key, stored]) => [key, toTensor(key, stored)] as const);
    return graphFromTensors(name, new Map(read), metadata);
  };

  test.each([
    ['cora', 2708, 5278, 7, [140, 500, 1000]],
    ['citeseer', 3327, 4552, 6, [120, 500, 1000]],
    ['facebook_pages', 22_470, 170_823, 4, [80, 500, 21_890]],
  ] as const)('%s', (name, nodes, edges, classes, sizes) => {
    const graph = open(name);
    expect(graph).toMatchObject({ nodes, classes, dropped: { selfLoops: 0, duplicates: 0 } });
    expect(graph.edges.from.length).toBe(edges);
    const [split] = graph.splits;
    expect([split!.train.length, split!.validation.length, split!.test.length]).toEqual(sizes);
  });

  test('tolokers, with ten splits', () => {
    expect(open('tolokers')).toMatchObject({ nodes: 11_758, splits: { length: 10 } });
  });

  test.each([
    ['MUTAG', 188, 2],
    ['PROTEINS', 1113, 2],
  ])('%s', (name, graphs, classes) => {
    const set = readAdjacencyText(name, readFileSync(join(folder!, 'tu', name, `${name}.txt`)));
    expect(set).toMatchObject({ graphs: { length: graphs }, classes });
  });
});
