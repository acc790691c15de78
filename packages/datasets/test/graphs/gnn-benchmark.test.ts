import { nodeInputs, readGnnBenchmark } from '@spikeloom/datasets';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { readNpy } from '../../src/graphs/npy.ts';
import { expectedGraph, goldenFile } from './golden-files.ts';

describe.each(['compressed.npz', 'stored.npz'])('%s of NumPy', (name) => {
  test('is the graph that was saved', () => {
    const graph = readGnnBenchmark(name, goldenFile(name));
    const edges = Array.from(graph.edges.from, (from, edge) => [from, graph.edges.to[edge]]);
    expect(edges).toEqual(expectedGraph.edges);
    expect([...nodeInputs(graph)['x']!.data]).toEqual(expectedGraph.features.flat());
    expect([...graph.labels!]).toEqual(expectedGraph.labels.map((label) => Math.max(label, 0)));
    expect(graph).toMatchObject({ nodes: 14, classes: 3, splits: [] });
  });

  test('says that it is damaged, wherever it is cut off', () => {
    const bytes = goldenFile(name);
    for (let length = 0; length < bytes.length; length += 53) {
      expect(() => readGnnBenchmark(name, bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'corrupt-file' }),
      );
    }
  });
});

describe('an archive', () => {
  const npy = (descr: string, shape: string, data: ArrayBufferView): Uint8Array => {
    const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;
    const bytes = new Uint8Array(10 + text.length + data.byteLength);
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]);
    bytes.set(new TextEncoder().encode(text), 10);
    bytes.set(new Uint8Array(data.buffer), 10 + text.length);
    return bytes;
  };
  const adjacency = {
    'adj_indptr.npy': npy('<i4', '(3,)', Int32Array.of(0, 1, 2)),
    'adj_indices.npy': npy('<i8', '(2,)', BigInt64Array.of(1n, 0n)),
    'adj_shape.npy': npy('<i4', '(2,)', Int32Array.of(2, 2)),
  };
  const read = (files: Readonly<Record<string, Uint8Array>>) => () =>
    readGnnBenchmark('made', zipSync({ ...files }));

  test('needs no features, labels or weights of edges', () => {
    const graph = read(adjacency)();
    expect(graph).toMatchObject({ nodes: 2, dropped: { duplicates: 1 } });
    expect(graph.features).toBeUndefined();
  });

  test.each([
    [{}, /an array is missing.*adj_indptr/],
    [{ ...adjacency, 'adj_shape.npy': new Uint8Array(3) }, /this is no .npy file/],
    [
      { ...adjacency, 'adj_indices.npy': npy('<i4', '(2,)', Int32Array.of(1, 2)) },
      /entry 1 names no column, expected 0 to 1, got 2/,
    ],
    [
      { ...adjacency, 'adj_indptr.npy': npy('<i4', '(3,)', Int32Array.of(0, 2, 1)) },
      /row start 2 goes back/,
    ],
    [
      { ...adjacency, 'labels.npy': npy('<i4', '(3,)', Int32Array.of(0, 1, 2)) },
      /not one label per node/,
    ],
    [
      { ...adjacency, 'attr_matrix.npy': npy('<f4', '(1, 2)', Float32Array.of(1, 2)) },
      /attr_matrix: there is not one row per node/,
    ],
  ] as const)('%#: %s', (files, message) => {
    expect(read(files)).toThrow(
      expect.objectContaining({
        code: 'corrupt-file',
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  test.each([
    [npy('<f4', '(4,)', Float32Array.of(1, 2)), 'corrupt-file', /do not fill the shape/],
    [npy('>f4', '(2,)', Float32Array.of(1, 2)), 'unsupported', /little-endian/],
    [npy('|O', '(2,)', Float32Array.of(1, 2)), 'unsupported', /of a kind that is not read/],
    [npy('<i8', '(1,)', BigInt64Array.of(2n ** 40n)), 'unsupported', /number 0 does not fit/],
    [
      npy('<f4', '(2,)', Float32Array.of(1, 2)).subarray(0, 30),
      'corrupt-file',
      /header is cut off/,
    ],
  ] as const)('an array %# throws %s', (bytes, code, message) => {
    expect(() => readNpy('array.npy', bytes)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });
});
