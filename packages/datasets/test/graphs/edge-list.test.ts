import { messages, readEdgeList } from '@spikeloom/datasets';
import { describe, expect, test } from 'vitest';

describe('a list of edges', () => {
  test('loses self-loops, repeats and directions, and says how many', () => {
    const graph = readEdgeList('# a comment\n0 1\n1 0\n2 2\n\n3,1\n3\t1\n');
    expect(graph.nodes).toBe(4);
    expect([...graph.edges.from]).toEqual([0, 1]);
    expect([...graph.edges.to]).toEqual([1, 3]);
    expect(graph.dropped).toEqual({ selfLoops: 1, duplicates: 2 });
  });

  test('keeps directions if asked', () => {
    const graph = readEdgeList('1 0\n0 1\n1 0', { directed: true });
    expect([...graph.edges.from, ...graph.edges.to]).toEqual([0, 1, 1, 0]);
    expect(graph.dropped.duplicates).toBe(1);
  });

  test('may leave nodes alone, at the end too', () => {
    const graph = readEdgeList('1 2', { firstId: 1, labels: '0\n1\n-1\n2\n' });
    expect(graph.nodes).toBe(4);
    expect([...graph.labels!]).toEqual([0, 1, -1, 2]);
    expect(graph.classes).toBe(3);
    expect([...messages(graph).data]).toEqual([1, 0, 0, 1, 2, 3, 0, 0, 1, 1, 2, 3]);
  });

  test('may be empty where something else tells the nodes', () => {
    const graph = readEdgeList('', { features: '1 2\n3 4\n' });
    expect(graph).toMatchObject({ nodes: 2, features: { columns: 2 } });
    expect([...messages(graph).data]).toEqual([0, 1, 0, 1]);
  });

  test('comes as messages both ways, sorted by target, with every node its own', () => {
    const { data, shape, dtype } = messages(readEdgeList('0 2\n1 2'));
    expect([shape, dtype]).toEqual([[2, 7], 'int32']);
    expect([...data]).toEqual([2, 0, 2, 1, 0, 1, 2, 0, 0, 1, 1, 2, 2, 2]);
    const directed = messages(readEdgeList('0 2\n1 2', { directed: true }));
    expect([...directed.data]).toEqual([0, 1, 0, 1, 2, 0, 1, 2, 2, 2]);
  });

  test.each([
    ['0 1\n1 x', {}, 'corrupt-file', /line 2, column 2 is no number/],
    ['0 1\n# two\n1', {}, 'corrupt-file', /line 3 has another number of columns/],
    ['0 1.5', {}, 'corrupt-file', /line 1, column 2 is no number.*whole/],
    ['0 1\n1 7', { nodes: 3 }, 'corrupt-file', /line 2 has an end that is no node.*0 to 2, got 7/],
    ['0 1\n1 -1', {}, 'corrupt-file', /line 2 has an end that is no node/],
    ['0 1', { firstId: 1 }, 'corrupt-file', /line 1 has an end that is no node/],
    ['', {}, 'empty-batch', /no nodes/],
    ['0 99999999999', {}, 'too-large', /more nodes/],
    [
      '0 1',
      { features: '1\n2\n3', labels: '0\n0' },
      'corrupt-file',
      /labels: there is not one line/,
    ],
    ['0 1', { labels: '0\n0.5' }, 'corrupt-file', /labels: line 2, column 1 is no number/],
    ['0 1', { labels: '0\n-7' }, 'corrupt-file', /labels: line 2 is no class/],
  ] as const)('%j with %o throws %s', (text, options, code, message) => {
    expect(() => readEdgeList(text, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });
});
