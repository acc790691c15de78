import { readPlanetoid } from '@spikeloom/datasets';
import { describe, expect, test } from 'vitest';
import { denseValues } from '../../src/graphs/feature-matrix.ts';
import { expectedGraph, planetoidFiles } from './golden-files.ts';

const versions = ['python2', 'python2-text', 'protocol2', 'protocol5'];
const file = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

describe.each(versions)('the files of Planetoid in %s', (version) => {
  const graph = readPlanetoid('tiny', planetoidFiles(version));

  test('give features and classes in the order of nodes', () => {
    expect([...denseValues(graph.features!)]).toEqual(expectedGraph.features.flat());
    expect([...graph.labels!]).toEqual(expectedGraph.labels);
    expect(graph).toMatchObject({ name: 'tiny', nodes: 14, classes: 3 });
  });

  test('give every edge once', () => {
    const edges = Array.from(graph.edges.from, (from, edge) => [from, graph.edges.to[edge]]);
    expect(edges).toEqual(expectedGraph.edges);
    expect(graph.dropped).toEqual({ selfLoops: 1, duplicates: 15 });
  });

  test('leave nodes out that no file has', () => {
    expect(graph.labels![11]).toBe(-1);
    const { starts } = graph.features as { starts: Int32Array };
    expect(starts[12]! - starts[11]!).toBe(0);
  });

  test('come with the public split', () => {
    const [split] = graph.splits;
    expect([...split!.train]).toEqual([0, 1, 2, 3]);
    expect([...split!.validation]).toEqual([4, 5, 6, 7, 8]);
    expect([...split!.test]).toEqual([9, 10, 12, 13]);
  });
});

describe('damaged files of Planetoid', () => {
  const files = planetoidFiles('protocol2');
  const reading = (part: keyof typeof files, bytes: Uint8Array) => () =>
    readPlanetoid('tiny', { ...files, [part]: bytes });

  test.each([
    ['allx', files.allx.subarray(0, 100), 'corrupt-file', /byte \d+: the pickle is cut off/],
    ['graph', file('\x80\x02K\x01.'), 'corrupt-file', /no dict of neighbours/],
    ['graph', file('cos\nsystem\n.'), 'unsupported', /byte 0: "os.system" is no part of arrays/],
    ['graph', file('\x80\x02}K\x00]K\x63as.'), 'corrupt-file', /edge 0 has an end that is no node/],
    ['tx', file('\x80\x02i.'), 'unsupported', /byte 2: instruction 0x69 is not read/],
    ['tx', file('\x80\x02]0.'), 'corrupt-file', /a value is taken that was never made/],
    ['ally', files.ty, 'corrupt-file', /there are not 9 rows/],
    ['test.index', file('12\n9\n9\n10\n'), 'corrupt-file', /line 3 names a node twice/],
    ['test.index', file('12\nx\n'), 'corrupt-file', /line 2, column 1 is no number/],
    ['test.index', file('12\n9\n'), 'corrupt-file', /there are not 4 rows/],
  ] as const)('%s: %s', (part, bytes, code, message) => {
    expect(reading(part, bytes)).toThrow(
      expect.objectContaining({
        code,
        path: expect.stringContaining(`ind.tiny.${part}`) as string,
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  test('cut off anywhere, a pickle is an error that says where', () => {
    for (let length = 0; length < files.allx.length; length += 7) {
      expect(reading('allx', files.allx.subarray(0, length))).toThrow(
        expect.objectContaining({
          code: 'corrupt-file',
          message: expect.stringMatching(/byte \d+/) as string,
        }),
      );
    }
  });

  test('with any byte changed, a pickle is a graph or one of our errors', () => {
    for (let at = 0; at < files.allx.length; at++) {
      const bytes = files.allx.slice();
      bytes[at]! ^= 0x15;
      try {
        expect(readPlanetoid('tiny', { ...files, allx: bytes }).nodes).toBe(14);
      } catch (error) {
        expect(error, `byte ${at}`).toMatchObject({ name: 'SpikeloomError' });
      }
    }
  });
});
