import {
  createBuilder,
  createRegistry,
  gelu,
  type Graph,
  legalise,
  lowerToPrimitives,
  primitiveOperators,
  softmax,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../thrown-by.ts';
import { runGraph } from './run-graph.ts';

const registry = createRegistry();
const isPrimitive = new Set(primitiveOperators.map(({ id }) => id));

function network(): Graph {
  const builder = createBuilder({ name: 'net' });
  const x = builder.input('x', ['N', 3]);
  const smooth = builder.apply(gelu, { x }, {}, 'smooth').out;
  builder.output('y', builder.apply(softmax, { x: smooth }, { axis: -1 }, 'head').out);
  return builder.build();
}

const operatorsOf = (graph: Graph): Set<string> => new Set(graph.nodes.map(({ op }) => op));

describe('legalise', () => {
  test('lowers what the backend does not carry and keeps what it does', () => {
    const { graph } = legalise(network(), registry, (op) => op.id !== gelu.id, 'toy');
    expect(operatorsOf(graph)).toContain(softmax.id);
    expect(operatorsOf(graph)).not.toContain(gelu.id);
  });

  test('may decide by the node, not only by the operator', () => {
    const builder = createBuilder();
    const x = builder.input('x', ['N', 3]);
    for (const axis of [-1, 0]) {
      builder.output(`y${axis}`, builder.apply(softmax, { x }, { axis }, `along${axis}`).out);
    }
    const { graph } = legalise(
      builder.build(),
      registry,
      (op, { attributes }) => op.id !== softmax.id || attributes['axis'] === -1,
      'toy',
    );
    expect(graph.nodes.filter(({ op }) => op === softmax.id).map(({ id }) => id)).toEqual([
      'along-1',
    ]);
  });

  test('tells where the values of the graph went', () => {
    const { aliases } = legalise(network(), registry, (op) => isPrimitive.has(op.id), 'toy');
    expect([...aliases]).toEqual([
      ['x', 'x'],
      ['smooth', 'smooth.mul_3'],
      ['head', 'head.div'],
    ]);
  });

  test('a primitive that the backend does not carry is an error that says what would help', () => {
    const builder = createBuilder();
    builder.output('y', builder.erf(builder.input('x', [1]), 'bell'));
    const error = thrownBy(() =>
      legalise(builder.build(), registry, (op) => op.id !== 'spikeloom/erf', 'toy'),
    );
    expect(error).toMatchObject({ code: 'unsupported-operator', path: 'bell' });
    expect(error.message).toMatch(/toy.*spikeloom\/erf/);
    expect(error.fix).toContain('toy kernel for spikeloom/erf');
  });

  test('also finds a missing primitive inside an operator that it lowers', () => {
    const carries = new Set(isPrimitive);
    carries.delete('spikeloom/erf');
    const error = thrownBy(() => legalise(network(), registry, (op) => carries.has(op.id), 'toy'));
    expect(error).toMatchObject({ code: 'unsupported-operator', path: 'smooth.erf' });
  });

  test('does not ask for primitives of operators that are carried whole', () => {
    const { graph } = legalise(network(), registry, (op) => op.id !== 'spikeloom/erf', 'toy');
    expect(graph.nodes.map(({ id }) => id)).toEqual(['x', 'smooth', 'head']);
  });
});

describe('lowerToPrimitives', () => {
  test('leaves primitives only, and computes the same', async () => {
    const { graph } = lowerToPrimitives(network(), registry);
    expect([...operatorsOf(graph)].filter((op) => !isPrimitive.has(op))).toEqual([]);
    expect(await runGraph(graph, registry)).toEqual(await runGraph(network(), registry));
  });

  test('does nothing the second time', () => {
    const { graph } = lowerToPrimitives(network(), registry);
    expect(lowerToPrimitives(graph, registry).graph).toEqual(graph);
  });
});
