import { type Builder, createBuilder, primitiveOperators, type Value } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

/** One call of every builder method that stands for a primitive, by method name. */
const calls: Readonly<Record<string, (b: Builder, x: Value) => unknown>> = {
  abs: (b, x) => b.abs(x),
  add: (b, x) => b.add(x, x),
  avgPool2d: (b) => b.avgPool2d(b.input('image', [1, 1, 4, 4]), { kernel: [2, 2], stride: [2, 2] }),
  broadcastTo: (b, x) => b.broadcastTo(x, [5, 2, 3]),
  buffer: (b) => b.buffer('mean', [3]),
  cast: (b, x) => b.cast(x, 'int32'),
  concat: (b, x) => b.concat([x, x], 0),
  constant: (b) => b.constant(3),
  conv2d: (b) =>
    b.conv2d({ x: b.input('image', [1, 1, 4, 4]), weight: b.param('w', [2, 1, 2, 2]) }),
  div: (b, x) => b.div(x, 2),
  equal: (b, x) => b.equal(x, 2),
  erf: (b, x) => b.erf(x),
  exp: (b, x) => b.exp(x),
  floor: (b, x) => b.floor(x),
  gather: (b, x) => b.gather(x, b.input('rows', [4], { dtype: 'int32' })),
  greater: (b, x) => b.greater(x, 0),
  greaterEqual: (b, x) => b.greaterEqual(x, 0),
  identity: (b, x) => b.identity(x),
  input: (b) => b.input('y', [1]),
  log: (b, x) => b.log(x),
  matmul: (b, x) => b.matmul(x, x, { transposeB: true }),
  max: (b, x) => b.max(x, [0]),
  maxPool2d: (b) => b.maxPool2d(b.input('image', [1, 1, 4, 4]), { kernel: [2, 2], stride: [2, 2] }),
  maximum: (b, x) => b.maximum(x, 0),
  mean: (b, x) => b.mean(x, [0]),
  minimum: (b, x) => b.minimum(x, 0),
  mul: (b, x) => b.mul(x, 2),
  neg: (b, x) => b.neg(x),
  pad: (b, x) => b.pad(x, 0, 1, 1),
  param: (b) => b.param('w', [3]),
  pow: (b, x) => b.pow(x, 2),
  quantizeLevels: (b, x) => b.quantizeLevels(x, { positive: 1, negative: 1 }),
  reshape: (b, x) => b.reshape(x, [3, 2]),
  segmentSum: (b, x) => b.segmentSum(x, b.input('of', [2], { dtype: 'int32' }), 4),
  select: (b, x) => b.select(b.greater(x, 0, 'isPositive'), x, 0),
  sigmoid: (b, x) => b.sigmoid(x),
  slice: (b, x) => b.slice(x, 1, 1, 2),
  spike: (b, x) => b.spike(x, { kind: 'atan', alpha: 2 }),
  sqrt: (b, x) => b.sqrt(x),
  state: (b) => b.state('v', { like: [1] }),
  step: (b) => b.step(),
  stopGradient: (b, x) => b.stopGradient(x),
  sub: (b, x) => b.sub(x, 1),
  sum: (b, x) => b.sum(x, [0, 1], true),
  tanh: (b, x) => b.tanh(x),
  transpose: (b, x) => b.transpose(x, [1, 0]),
  uniform: (b, x) => b.uniform(x, 3),
  write: (b, x) => b.write(b.state('v', { like: x }), x),
};

const methodOf = (id: string): string =>
  id.slice(id.indexOf('/') + 1).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

describe('every primitive has a builder method of its name that adds its node', () => {
  test.each(primitiveOperators.map(({ id }) => ({ id, method: methodOf(id) })))(
    '$method adds $id',
    ({ id, method }) => {
      const builder = createBuilder();
      expect(builder).toHaveProperty(method);
      calls[method]!(builder, builder.input('x', [2, 3]));
      expect(builder.build().nodes.at(-1)!.op).toBe(id);
    },
  );

  test('and there is no call here without its primitive', () => {
    expect(Object.keys(calls).toSorted()).toEqual(
      primitiveOperators.map(({ id }) => methodOf(id)).toSorted(),
    );
  });
});

test('a number may be the only operand', () => {
  const builder = createBuilder();
  expect(builder.exp(1).type.shape).toEqual([]);
});
