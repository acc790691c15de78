import { primitives } from '@spikeloom/ir';
import { attributesOf, single } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { kernel, type TfjsKernel } from '../tfjs-kernel.ts';

export const elementwiseKernels: readonly TfjsKernel[] = [
  ...Object.entries({
    neg: tf.neg,
    abs: tf.abs,
    exp: tf.exp,
    log: tf.log,
    sqrt: tf.sqrt,
    erf: tf.erf,
    tanh: tf.tanh,
    sigmoid: tf.sigmoid,
    floor: tf.floor,
  }).map(([name, map]) => kernel(name, (call) => map(single(call, 'x')))),
  ...Object.entries({
    add: tf.add,
    sub: tf.sub,
    mul: tf.mul,
    div: tf.div,
    maximum: tf.maximum,
    minimum: tf.minimum,
    pow: tf.pow,
    greater: tf.greater,
    'greater-equal': tf.greaterEqual,
    equal: tf.equal,
  }).map(([name, join]) => kernel(name, (call) => join(single(call, 'a'), single(call, 'b')))),
  kernel('select', (call) =>
    tf.where(single(call, 'condition'), single(call, 'a'), single(call, 'b')),
  ),
  kernel('cast', (call) => {
    const x = single(call, 'x');
    const { dtype } = attributesOf(primitives.cast, call);
    // The WASM backend would keep the low byte of the number.
    return dtype === 'bool' && x.dtype !== 'bool'
      ? tf.notEqual(x, tf.scalar(0, x.dtype))
      : tf.cast(x, dtype);
  }),
  kernel('stop-gradient', (call) => single(call, 'x')),
  kernel('identity', (call) => single(call, 'x')),
];
