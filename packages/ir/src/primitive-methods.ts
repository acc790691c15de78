import type { AttributeInput, AttributeSpec } from './attributes.ts';
import type { Value } from './builder.ts';
import type { InputSpec, Operand, Operands, Operator } from './operator.ts';
import * as ops from './operators/index.ts';
import type { Surrogate } from './surrogate.ts';
import type { Dim, DType, Shape } from './value-type.ts';

/** One method for every primitive that computes something, so that a lowering reads like its equation. */
export abstract class PrimitiveMethods {
  abstract apply<I extends InputSpec, A extends AttributeSpec, O extends string>(
    op: Operator<I, A, O>,
    inputs: Operands<I>,
    attributes?: AttributeInput<A>,
    name?: string,
  ): Record<O, Value>;

  add(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.add, { a, b }, {}, name).out;
  }
  sub(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.sub, { a, b }, {}, name).out;
  }
  mul(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.mul, { a, b }, {}, name).out;
  }
  div(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.div, { a, b }, {}, name).out;
  }
  maximum(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.maximum, { a, b }, {}, name).out;
  }
  minimum(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.minimum, { a, b }, {}, name).out;
  }
  pow(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.pow, { a, b }, {}, name).out;
  }
  greater(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.greater, { a, b }, {}, name).out;
  }
  greaterEqual(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.greaterEqual, { a, b }, {}, name).out;
  }
  equal(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.equal, { a, b }, {}, name).out;
  }
  select(condition: Value, a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.select, { condition, a, b }, {}, name).out;
  }
  cast(x: Value, dtype: DType, name?: string): Value {
    return this.apply(ops.cast, { x }, { dtype }, name).out;
  }
  stopGradient(x: Value, name?: string): Value {
    return this.apply(ops.stopGradient, { x }, {}, name).out;
  }
  identity(x: Value, name?: string): Value {
    return this.apply(ops.identity, { x }, {}, name).out;
  }
  neg(x: Operand, name?: string): Value {
    return this.apply(ops.neg, { x }, {}, name).out;
  }
  abs(x: Operand, name?: string): Value {
    return this.apply(ops.abs, { x }, {}, name).out;
  }
  exp(x: Operand, name?: string): Value {
    return this.apply(ops.exp, { x }, {}, name).out;
  }
  log(x: Operand, name?: string): Value {
    return this.apply(ops.log, { x }, {}, name).out;
  }
  sqrt(x: Operand, name?: string): Value {
    return this.apply(ops.sqrt, { x }, {}, name).out;
  }
  erf(x: Operand, name?: string): Value {
    return this.apply(ops.erf, { x }, {}, name).out;
  }
  tanh(x: Operand, name?: string): Value {
    return this.apply(ops.tanh, { x }, {}, name).out;
  }
  sigmoid(x: Operand, name?: string): Value {
    return this.apply(ops.sigmoid, { x }, {}, name).out;
  }
  floor(x: Operand, gradient: 'zero' | 'straight-through' = 'zero', name?: string): Value {
    return this.apply(ops.floor, { x }, { gradient }, name).out;
  }
  uniform(x: Value, key: Operand, stream = 0, name?: string): Value {
    return this.apply(ops.uniform, { x, key }, { stream }, name).out;
  }
  sum(x: Value, axes: readonly number[], keepDims = false, name?: string): Value {
    return this.apply(ops.sum, { x }, { axes: [...axes], keepDims }, name).out;
  }
  mean(x: Value, axes: readonly number[], keepDims = false, name?: string): Value {
    return this.apply(ops.mean, { x }, { axes: [...axes], keepDims }, name).out;
  }
  max(x: Value, axes: readonly number[], keepDims = false, name?: string): Value {
    return this.apply(ops.max, { x }, { axes: [...axes], keepDims }, name).out;
  }
  reshape(x: Value, shape: Shape, name?: string): Value {
    return this.apply(ops.reshape, { x }, { shape: [...shape] }, name).out;
  }
  transpose(x: Value, permutation: readonly number[], name?: string): Value {
    return this.apply(ops.transpose, { x }, { permutation: [...permutation] }, name).out;
  }
  broadcastTo(x: Value, shape: Shape, name?: string): Value {
    return this.apply(ops.broadcastTo, { x }, { shape: [...shape] }, name).out;
  }
  concat(values: readonly Value[], axis: number, name?: string): Value {
    return this.apply(ops.concat, { values }, { axis }, name).out;
  }
  slice(x: Value, axis: number, start: number, size: number, name?: string): Value {
    return this.apply(ops.slice, { x }, { axis, start, size }, name).out;
  }
  pad(x: Value, axis: number, before: number, after: number, name?: string): Value {
    return this.apply(ops.pad, { x }, { axis, before, after }, name).out;
  }
  gather(x: Value, indices: Value, axis = 0, name?: string): Value {
    return this.apply(ops.gather, { x, indices }, { axis }, name).out;
  }
  segmentSum(x: Value, segments: Value, count: Dim, name?: string): Value {
    return this.apply(ops.segmentSum, { x, segments }, { count }, name).out;
  }
  matmul(
    a: Operand,
    b: Operand,
    options: { transposeA?: boolean; transposeB?: boolean } = {},
    name?: string,
  ): Value {
    return this.apply(ops.matmul, { a, b }, options, name).out;
  }
  conv2d(
    inputs: Operands<typeof ops.conv2d.inputs>,
    attributes: AttributeInput<typeof ops.conv2d.attributes> = {},
    name?: string,
  ): Value {
    return this.apply(ops.conv2d, inputs, attributes, name).out;
  }
  avgPool2d(
    x: Value,
    attributes: AttributeInput<typeof ops.avgPool2d.attributes>,
    name?: string,
  ): Value {
    return this.apply(ops.avgPool2d, { x }, attributes, name).out;
  }
  maxPool2d(
    x: Value,
    attributes: AttributeInput<typeof ops.maxPool2d.attributes>,
    name?: string,
  ): Value {
    return this.apply(ops.maxPool2d, { x }, attributes, name).out;
  }
  spike(x: Operand, surrogate: Surrogate, comparison: '>=' | '>' = '>=', name?: string): Value {
    return this.apply(ops.spike, { x }, { surrogate, comparison }, name).out;
  }
  quantizeLevels(
    x: Value,
    attributes: AttributeInput<typeof ops.quantizeLevels.attributes>,
    name?: string,
  ): Value {
    return this.apply(ops.quantizeLevels, { x }, attributes, name).out;
  }
}
