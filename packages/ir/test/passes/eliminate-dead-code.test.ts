import {
  createBuilder,
  createRegistry,
  deadCodeElimination,
  eliminateDeadCode,
  tensor,
  validate,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const registry = createRegistry();
const idsOf = (graph: { nodes: readonly { id: string }[] }): string[] =>
  graph.nodes.map(({ id }) => id);

describe('eliminateDeadCode', () => {
  test('drops what no output needs, with its weights', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    const unused = builder.param('unused', [2], { tensor: tensor([1, 2]) });
    const used = builder.param('used', [2], { tensor: tensor([1, 2]) });
    builder.add(x, unused, 'dead');
    builder.output('y', builder.add(x, used, 'live'));
    const graph = eliminateDeadCode(builder.build());
    expect(idsOf(graph)).toEqual(['x', 'used', 'live']);
    expect([...graph.weights.keys()]).toEqual(['used']);
  });

  test('keeps inputs, which are the interface of the graph', () => {
    const builder = createBuilder();
    builder.input('ignored', ['N', 2]);
    builder.output('y', builder.step());
    expect(idsOf(eliminateDeadCode(builder.build()))).toEqual(['ignored', 'step']);
  });

  test('keeps a state that an output reads, with its write and what is written', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    const v = builder.state('v', { like: x });
    builder.write(v, builder.mul(x, 3, 'next'));
    builder.output('y', builder.neg(v, 'y'));
    const graph = eliminateDeadCode(builder.build());
    expect(idsOf(graph)).toEqual(['x', 'v', 'constant', 'next', 'v.write', 'y']);
    expect(validate(graph, registry)).toEqual([]);
  });

  test('drops a state that only feeds itself', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    const v = builder.state('v', { like: x });
    builder.write(v, builder.add(v, x));
    builder.output('y', builder.neg(x, 'y'));
    expect(idsOf(eliminateDeadCode(builder.build()))).toEqual(['x', 'y']);
  });

  test('keeps a chain of states that feed each other up to an output', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    const first = builder.state('first', { like: x });
    const second = builder.state('second', { like: x });
    builder.write(first, x);
    builder.write(second, first);
    builder.output('y', second);
    expect(idsOf(eliminateDeadCode(builder.build()))).toHaveLength(5);
  });

  test('changes nothing where all is needed, and does not change its argument', () => {
    const builder = createBuilder({ name: 'net' });
    builder.output('y', builder.neg(builder.input('x', [2])));
    const graph = builder.build({ kept: 1 });
    expect(eliminateDeadCode(graph)).toEqual(graph);
    expect(deadCodeElimination.run(graph, registry)).toEqual(graph);
  });
});
