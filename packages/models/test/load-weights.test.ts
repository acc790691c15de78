import { createBuilder, tensor, type Tensor } from '@spikeloom/ir';
import { loadWeights } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';

/** A graph with the parameters `a` [2, 3], `b` [4] and the buffer `c` [2]. */
function graph() {
  const b = createBuilder({ name: 'three' });
  b.output('a', b.param('a', [2, 3]));
  b.output('b', b.param('b', [4]));
  b.output('c', b.buffer('c', [2]));
  return b.build();
}

const numbers = (...shape: number[]): Tensor =>
  tensor(
    Array.from({ length: shape.reduce((size, dim) => size * dim, 1) }, (_, index) => index),
    shape,
  );
const complete = (): Map<string, Tensor> =>
  new Map([
    ['a', numbers(2, 3)],
    ['b', numbers(4)],
    ['c', numbers(2)],
  ]);

test('parameters and buffers take the tensors of their names', () => {
  expect(loadWeights(graph(), complete()).weights).toEqual(complete());
});

test('the graph that was given stays without weights', () => {
  const empty = graph();
  loadWeights(empty, complete());
  expect(empty.weights.size).toBe(0);
});

describe('loading names', () => {
  test('everything that is wrong at once: missing, left over, misshaped, of another dtype', () => {
    const tensors = new Map([
      ['b', numbers(5)],
      ['c', { ...numbers(2), dtype: 'int32' as const, data: new Int32Array(2) }],
      ['extra.weight', numbers(7, 1)],
    ]);
    expect(() => loadWeights(graph(), tensors)).toThrow(
      expect.objectContaining({
        code: 'checkpoint-mismatch',
        problems: [
          {
            code: 'checkpoint-mismatch',
            path: 'a',
            message: 'the checkpoint has no tensor "a"',
            expected: '[2, 3]',
          },
          {
            code: 'checkpoint-mismatch',
            path: 'b',
            message: 'the tensor has another shape or dtype',
            expected: 'float32 [4]',
            got: 'float32 [5]',
          },
          {
            code: 'checkpoint-mismatch',
            path: 'c',
            message: 'the tensor has another shape or dtype',
            expected: 'float32 [2]',
            got: 'int32 [2]',
          },
          {
            code: 'checkpoint-mismatch',
            path: 'extra.weight',
            message: 'the network has no place for this tensor',
            got: '[7, 1]',
            fix: 'map it with "names", or list it under "ignore"',
          },
        ],
      }),
    );
  });

  test('a transposed tensor, which has as many elements', () => {
    const tensors = complete().set('a', numbers(3, 2));
    expect(() => loadWeights(graph(), tensors)).toThrow(
      expect.objectContaining({ path: 'a', got: 'float32 [3, 2]' }),
    );
  });

  test('the parts of a joined tensor that are missing', () => {
    const tensors = complete();
    tensors.set('x', numbers(1, 3)).delete('a');
    expect(() => loadWeights(graph(), tensors, { names: { a: ['x', 'y', 'z'] } })).toThrow(
      expect.objectContaining({ path: 'a', message: expect.stringContaining('"y", "z"') }),
    );
  });

  test.each([
    ['of different widths', numbers(1, 2), numbers(1, 4)],
    ['of different rank', numbers(1, 3), numbers(3)],
    ['of different dtypes', numbers(1, 3), tensor([1, 2, 3], [1, 3], 'int32')],
  ])('parts of a joined tensor %s', (_, x, y) => {
    const tensors = complete();
    tensors.set('x', x).set('y', y).delete('a');
    expect(() => loadWeights(graph(), tensors, { names: { a: ['x', 'y'] } })).toThrow(
      expect.objectContaining({
        code: 'checkpoint-mismatch',
        path: 'a',
        message: expect.stringContaining('cannot be joined'),
      }),
    );
  });
});

test('a list of names is joined along the first axis', () => {
  const tensors = complete();
  tensors
    .set('x', tensor([1, 2, 3], [1, 3]))
    .set('y', tensor([4, 5, 6], [1, 3]))
    .delete('a');
  const { weights } = loadWeights(graph(), tensors, { names: { a: ['x', 'y'] } });
  expect(weights.get('a')).toEqual(tensor([1, 2, 3, 4, 5, 6], [2, 3]));
});

test('a parameter may take its tensor under another name, and another shape where that is allowed', () => {
  const tensors = complete();
  tensors.set('model.a', numbers(6)).delete('a');
  const options = { names: { a: 'model.a' }, reshape: ['a'] };
  expect(loadWeights(graph(), tensors, options).weights.get('a')).toEqual(numbers(2, 3));
});

test.each([
  ['optimizer.*', 'optimizer.state.1'],
  ['*.num_batches_tracked', 'bn.num_batches_tracked'],
  ['(', '('],
])('the pattern "%s" ignores "%s"', (pattern, name) => {
  const tensors = complete().set(name, numbers(1));
  expect(loadWeights(graph(), tensors, { ignore: [pattern] }).weights).toEqual(complete());
});

test.each([
  ['optimizer.*', 'xoptimizer.state'],
  ['a.b', 'axb'],
  ['a', 'ab'],
])('the pattern "%s" does not ignore "%s"', (pattern, name) => {
  const tensors = complete().set(name, numbers(1));
  expect(() => loadWeights(graph(), tensors, { ignore: [pattern] })).toThrow(
    expect.objectContaining({ code: 'checkpoint-mismatch', path: name }),
  );
});
