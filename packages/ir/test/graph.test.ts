import {
  createBuilder,
  defineOp,
  graphInputs,
  inputRefs,
  nodeIdOf,
  realType,
  refOf,
  valueTypes,
  withMetadata,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const halves = defineOp({
  id: 'test/halves',
  version: 1,
  summary: 'Two outputs of one input.',
  inputs: { x: { dtype: 'float32' } },
  attributes: {},
  outputs: ({ x }) => ({ left: x, right: realType([1]) }),
  examples: [],
});

describe('refs', () => {
  const builder = createBuilder();
  const x = builder.input('x', ['N', 2]);
  const { left, right } = builder.apply(halves, { x }, {}, 'parts');
  builder.add(left, right, 'sum');
  builder.concat([right, right], 0, 'both');
  const graph = builder.build();

  test('are the id of a node with one output, and id:output otherwise', () => {
    expect([left.ref, right.ref, x.ref]).toEqual(['parts:left', 'parts:right', 'x']);
    expect(refOf(graph.nodes[0]!, 'out')).toBe('x');
    expect(refOf(graph.nodes[1]!, 'left')).toBe('parts:left');
  });

  test('tell the node they point into', () => {
    expect([nodeIdOf('parts:left'), nodeIdOf('a.b')]).toEqual(['parts', 'a.b']);
  });

  test('of the inputs of a node are listed in order, lists included', () => {
    expect(graph.nodes.map(inputRefs)).toEqual([
      [],
      ['x'],
      ['parts:left', 'parts:right'],
      ['parts:right', 'parts:right'],
    ]);
  });

  test('have types', () => {
    expect([...valueTypes(graph)]).toEqual([
      ['x', realType(['N', 2])],
      ['parts:left', realType(['N', 2])],
      ['parts:right', realType([1])],
      ['sum', realType(['N', 2])],
      ['both', realType([2])],
    ]);
  });

  test('of the data inputs are found', () => {
    expect([...graphInputs(graph).keys()]).toEqual(['x']);
  });
});

test('metadata are added without changing the graph', () => {
  const graph = createBuilder().build({ a: 1, b: 2 });
  expect(withMetadata(graph, { b: 3, c: null }).metadata).toEqual({ a: 1, b: 3, c: null });
  expect(graph.metadata).toEqual({ a: 1, b: 2 });
});
