import { createBuilder, defineOp, linear, realType, softmax, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

describe('names', () => {
  test('a node is named after its operator, with a number when that is taken', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    expect([builder.neg(x), builder.neg(x), builder.neg(x)].map(({ ref }) => ref)).toEqual([
      'neg',
      'neg_2',
      'neg_3',
    ]);
  });

  test('an automatic name avoids one that was given', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    builder.neg(x, 'neg_2');
    builder.neg(x, 'neg');
    expect(builder.neg(x).ref).toBe('neg_3');
  });

  test('a name may be used once', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    builder.neg(x, 'a');
    const error = thrownBy(() => builder.abs(x, 'a'));
    expect(error).toMatchObject({ code: 'already-exists', fix: 'choose another name' });
    expect(error.message).toContain('node "a"');
  });

  test.each(['', 'a b', 'a:b', 'a"b', 'a\nb'])('%j is not a name', (name) => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    expect(thrownBy(() => builder.neg(x, name)).code).toBe('invalid-argument');
  });

  test('a call that fails names the node it would have been', () => {
    const block = createBuilder().scope('blocks').scope('0');
    const x = block.input('x', [2, 3]);
    expect(thrownBy(() => block.matmul(x, x, {}, 'qk')).path).toBe('blocks.0.qk');
    expect(thrownBy(() => block.matmul(x, x)).path).toBe('blocks.0.matmul');
  });
});

describe('scopes', () => {
  test('put their path in front, and dots nest', () => {
    const builder = createBuilder();
    const scope = builder.scope('blocks.0').scope('attn');
    expect(scope.path).toBe('blocks.0.attn');
    expect(scope.input('x', [1]).ref).toBe('blocks.0.attn.x');
    expect(builder.path).toBe('');
  });

  test('names are free again in another scope, and the same scope can be opened twice', () => {
    const builder = createBuilder();
    const x = builder.input('x', [1]);
    expect(builder.scope('a').neg(x, 'it').ref).toBe('a.it');
    expect(builder.scope('b').neg(x, 'it').ref).toBe('b.it');
    expect(thrownBy(() => builder.scope('a').neg(x, 'it')).code).toBe('already-exists');
  });

  test('values pass freely between scopes of one graph', () => {
    const builder = createBuilder();
    const sum = builder.scope('b').add(builder.scope('a').input('x', [2]), 1);
    builder.output('y', sum);
    expect(builder.build().outputs).toEqual({ y: 'b.add' });
  });
});

describe('values of another graph', () => {
  const foreign = createBuilder().input('x', [2]);

  test('cannot be an operand', () => {
    const error = thrownBy(() => createBuilder().neg(foreign));
    expect(error).toMatchObject({ code: 'foreign-value', path: 'neg' });
    expect(error.message).toContain('"x"');
  });

  test('cannot be one of many operands', () => {
    const builder = createBuilder();
    const own = builder.input('own', [2]);
    expect(thrownBy(() => builder.concat([own, foreign], 0)).code).toBe('foreign-value');
  });

  test('cannot be an output', () => {
    expect(thrownBy(() => createBuilder().output('y', foreign)).code).toBe('foreign-value');
  });

  test('cannot be written to a state', () => {
    const builder = createBuilder();
    const state = builder.state('v', { like: [2] });
    expect(thrownBy(() => builder.write(state, foreign)).code).toBe('foreign-value');
  });
});

describe('numbers', () => {
  test('stand for scalar constants wherever a value is expected', () => {
    const builder = createBuilder();
    const sum = builder.add(builder.input('x', ['N', 2]), 0.5);
    expect(sum.type).toEqual(realType(['N', 2]));
    expect(builder.build().nodes.at(-2)).toMatchObject({
      id: 'constant',
      op: 'spikeloom/constant',
      attributes: { value: 0.5, dtype: 'float32' },
    });
  });

  test('that are the same share a node within a scope, but not across scopes', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    builder.add(builder.mul(x, 2), 2);
    builder.scope('inner').mul(x, 2);
    const ids = builder
      .build()
      .nodes.filter(({ op }) => op === 'spikeloom/constant')
      .map(({ id }) => id);
    expect(ids).toEqual(['constant', 'inner.constant']);
  });

  test('0 and -0 are different constants, and so are dtypes', () => {
    const builder = createBuilder();
    const refs = [
      builder.constant(0),
      builder.constant(-0),
      builder.constant(0, 'int32'),
      builder.constant(0),
    ].map(({ ref }) => ref);
    expect(refs).toEqual(['constant', 'constant_2', 'constant_3', 'constant']);
  });

  test.each([Number.NaN, Infinity])('%d is not a constant', (value) => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    expect(thrownBy(() => builder.add(x, value)).code).toBe('invalid-attribute');
  });
});

describe('inputs of an operator', () => {
  const builder = createBuilder();
  const x = builder.input('x', [2, 3]);

  test('must all be given', () => {
    const error = thrownBy(() => builder.apply(linear, { x } as never, {}, 'fc'));
    expect(error).toMatchObject({ code: 'missing-input', path: 'fc' });
    expect(error.message).toContain('"weight"');
  });

  test('may be left out where they are optional', () => {
    const weight = builder.input('weight', [4, 3]);
    expect(builder.apply(linear, { x, weight, bias: undefined }).out.type.shape).toEqual([2, 4]);
  });

  test('must be known to the operator', () => {
    const error = thrownBy(() => builder.apply(softmax, { x, y: x } as never, { axis: 0 }));
    expect(error).toMatchObject({ code: 'unknown-input', expected: 'x', got: 'y' });
  });

  test('are one value or a list, as the operator says', () => {
    expect(thrownBy(() => builder.concat(x as never, 0)).code).toBe('type-mismatch');
    expect(thrownBy(() => builder.apply(softmax, { x: [x] } as never, { axis: 0 })).code).toBe(
      'type-mismatch',
    );
  });

  test('must have the dtype of the rule', () => {
    const mask = builder.greater(x, 0);
    const error = thrownBy(() => builder.neg(mask, 'minus'));
    expect(error).toMatchObject({
      code: 'type-mismatch',
      path: 'minus',
      expected: 'float32',
      got: 'bool [2, 3] spike',
      fix: 'put a cast before it',
    });
  });
});

describe('weights', () => {
  test('are stored under their path when the tensor is given', () => {
    const builder = createBuilder();
    const weight = tensor([1, 2], [2]);
    const scope = builder.scope('fc');
    scope.param('weight', [2], { tensor: weight, trainable: false });
    scope.param('later', [2]);
    scope.buffer('mean', [2], { tensor: weight });
    const { weights, nodes } = builder.build();
    expect([...weights]).toEqual([
      ['fc.weight', weight],
      ['fc.mean', weight],
    ]);
    expect(nodes[0]!.attributes).toEqual({ shape: [2], dtype: 'float32', trainable: false });
  });
});

describe('states', () => {
  test('take the shape of a value or a shape, and start at 0 unless told otherwise', () => {
    const builder = createBuilder();
    const x = builder.input('x', ['N', 3]);
    const a = builder.state('a', { like: x });
    const b = builder.state('b', { like: [4], initial: -1, signal: { kind: 'spike' } });
    expect([a.type.shape, b.type.shape]).toEqual([['N', 3], [4]]);
    expect(
      builder
        .build()
        .nodes.slice(1)
        .map(({ attributes }) => attributes['initial']),
    ).toEqual([0, -1]);
    expect(b.type.signal).toEqual({ kind: 'spike' });
  });

  test('are written by a node that stands beside them, also from an outer scope', () => {
    const builder = createBuilder();
    const scope = builder.scope('neuron');
    const v = scope.state('v', { like: [2] });
    scope.write(v, scope.add(v, 1));
    const w = scope.state('w', { like: [2] });
    builder.write(w, w);
    expect(
      builder
        .build()
        .nodes.filter(({ op }) => op === 'spikeloom/write')
        .map(({ id, inputs }) => [id, inputs]),
    ).toEqual([
      ['neuron.v.write', { state: 'neuron.v', value: 'neuron.add' }],
      ['neuron.w.write', { state: 'neuron.w', value: 'neuron.w' }],
    ]);
  });

  test('cannot be written twice', () => {
    const builder = createBuilder();
    const v = builder.state('v', { like: [] });
    builder.write(v, 1);
    expect(thrownBy(() => builder.write(v, 2)).code).toBe('already-exists');
  });
});

describe('build', () => {
  test('gives a graph that later calls do not change', () => {
    const builder = createBuilder({ name: 'net' });
    const x = builder.input('x', [2]);
    builder.output('y', x);
    const graph = builder.build({ classes: ['a', 'b'] });
    builder.output('z', builder.neg(x));
    builder.param('w', [1], { tensor: tensor([1]) });
    expect(graph).toMatchObject({
      name: 'net',
      outputs: { y: 'x' },
      metadata: { classes: ['a', 'b'] },
    });
    expect(graph.nodes).toHaveLength(1);
    expect(graph.weights.size).toBe(0);
  });

  test('an output name may be used once', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    builder.output('y', x);
    expect(thrownBy(() => builder.output('y', x)).code).toBe('already-exists');
  });
});

describe('keep', () => {
  test('lowers as it goes what it does not keep, under the path of the node', () => {
    const builder = createBuilder({ keep: (op) => op.lower === undefined });
    const x = builder.input('x', [2, 3]);
    const { out } = builder.apply(softmax, { x }, { axis: -1 }, 'attention');
    expect(out.ref).toBe('attention.div');
    expect(builder.build().nodes.map(({ id }) => id)).toEqual([
      'x',
      'attention.max',
      'attention.sub',
      'attention.exp',
      'attention.sum',
      'attention.div',
    ]);
  });

  test('an error inside a lowering names the inner node', () => {
    const wrong = defineOp({
      id: 'test/wrong',
      version: 1,
      summary: 'Lowers to what cannot be.',
      inputs: { x: { dtype: 'float32' } },
      attributes: {},
      outputs: ({ x }) => ({ out: x }),
      lower: (b, { x }) => ({ out: b.matmul(x, x, {}, 'product') }),
      examples: [],
    });
    const builder = createBuilder({ keep: () => false });
    const x = builder.input('x', [2, 3]);
    expect(thrownBy(() => builder.apply(wrong, { x }, {}, 'outer')).path).toBe('outer.product');
  });
});
