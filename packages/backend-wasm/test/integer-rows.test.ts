import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { createRandom, type Random } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { size } from '../../backend-cpu/test/random-data.ts';
import type { KernelExports } from '../src/heap.ts';
import { integerDepth, type IntegerWeights, packIntegers } from '../src/integer-weights.ts';
import { hasRelaxedSimd } from '../src/relaxed-simd.ts';
import type { WholeLevels } from '../src/whole-levels.ts';

const memory = new WebAssembly.Memory({ initial: 256 });
const binaryOf = (file: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`../wasm/${file}`, import.meta.url)));
const open = (file: string): KernelExports =>
  new WebAssembly.Instance(new WebAssembly.Module(binaryOf(file)), { env: { memory } })
    .exports as unknown as KernelExports;
const plain = open('kernels.wasm');

test('the probe knows whether the binary with relaxed SIMD runs here', () => {
  expect(hasRelaxedSimd()).toBe(WebAssembly.validate(binaryOf('kernels-relaxed.wasm')));
});

/** Rows of levels, and weights, for one call. */
interface Case {
  readonly x: Float32Array;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly levels: WholeLevels;
}

/** `largest` and `rate` change from one block of rows to the next. */
function randomCase(random: Random, most: number): Case {
  const [rows, inputs] = [size(random, 150), size(random, random.below(3) === 0 ? 300 : 40)];
  const outputs = size(random, 50);
  const step = random.uniform() + 0.1;
  const x = new Float32Array(rows * inputs);
  let [rate, largest] = [0, 0];
  x.forEach((_, index) => {
    if (index % (64 * inputs) === 0) [rate, largest] = [random.uniform(), 1 + random.below(most)];
    const level = Math.round((2 * random.uniform() - 1) * largest);
    x[index] = random.uniform() < rate ? level * step : 0;
  });
  const weights = Float32Array.from({ length: outputs * inputs }, () => random.normal());
  const bias = Float32Array.from({ length: outputs }, () => random.normal());
  return { x, weights, bias, rows, inputs, outputs, levels: { step, largest: most } };
}

/** What a kernel gives, and whether it said that all levels were within bounds. */
function multiply(
  kernels: KernelExports,
  { x, bias, rows, inputs, outputs, levels }: Case,
  packed: IntegerWeights,
): { readonly out: Float32Array; readonly isDone: boolean } {
  new Uint8Array(memory.buffer).fill(0xa5);
  let top = 64;
  const reserve = (bytes: number): number => {
    const at = top;
    top += Math.ceil(bytes / 64) * 64;
    return at;
  };
  const place = (numbers: Float32Array | Int32Array | Int16Array | Int8Array): number => {
    const at = reserve(numbers.byteLength);
    new Uint8Array(memory.buffer).set(new Uint8Array(numbers.buffer), at);
    return at;
  };
  const padded = new Float32Array(packed.scales.length);
  padded.set(bias);
  const out = reserve(4 * rows * outputs + 64);
  const isDone = kernels.integerRows(
    place(x),
    place(packed.panels),
    packed.bytes ? place(packed.bytes) : 0,
    place(packed.shifts),
    place(packed.scales),
    place(padded),
    out,
    rows,
    inputs,
    outputs,
    integerDepth,
    1 / levels.step,
    packed.safe,
    levels.largest,
    64,
    reserve(4 * (48 + 66 + 3 * 32 * (inputs + 7) + 2)),
  );
  const after = new Uint8Array(memory.buffer, out + 4 * rows * outputs, 64);
  expect(new Set(after)).toEqual(new Set([0xa5]));
  return {
    out: new Float32Array(memory.buffer.slice(out, out + 4 * rows * outputs)),
    isDone: isDone === 1,
  };
}

/** The same in whole numbers of any size, and float32 where they meet. */
function expected(
  { x, weights, bias, rows, inputs, outputs, levels }: Case,
  { scales, panels }: IntegerWeights,
): Float32Array {
  const out = new Float32Array(rows * outputs);
  const width = Math.ceil(inputs / 8) * 8;
  for (let output = 0; output < outputs; output++) {
    const lane = output % 16;
    const weightAt = (input: number): number =>
      panels[(output - lane) * width + (input >> 1) * 32 + 2 * lane + (input & 1)]!;
    const step = scales[output]! / levels.step;
    for (let input = 0; input < inputs; input++) {
      const exact = weights[output * inputs + input]!;
      expect(Math.abs(weightAt(input) * step - exact)).toBeLessThanOrEqual(0.51 * step);
    }
    for (let row = 0; row < rows; row++) {
      let sum = bias[output]!;
      for (let first = 0; first < inputs; first += integerDepth) {
        let products = 0;
        for (let input = first; input < Math.min(inputs, first + integerDepth); input++) {
          products += weightAt(input) * Math.round(x[row * inputs + input]! / levels.step);
        }
        sum = Math.fround(sum + Math.fround(Math.fround(products) * scales[output]!));
      }
      out[row * outputs + output] = sum;
    }
  }
  return out;
}

describe.each(['int16', 'int8'] as const)('rows of levels times weights in %s', (mode) => {
  test.each([1, 60, 200, 8191, 32767])('are summed exactly, for levels up to %i', (most) => {
    const random = createRandom(most);
    for (let round = 0; round < 20; round++) {
      const one = randomCase(random, most);
      const packed = packIntegers(one.weights, [one.outputs, one.inputs], one.levels, mode)!;
      const { out, isDone } = multiply(plain, one, packed);
      expect(isDone).toBe(true);
      expect(out).toEqual(expected(one, packed));
    }
  });

  test.each([NaN, -NaN, Infinity, -Infinity, 1e10, -1e10, 4e6, -4.2e6, 70_000, 61])(
    'are left to another kernel where a number is %d',
    (odd) => {
      const random = createRandom(3);
      for (let round = 0; round < 5; round++) {
        const one = { ...randomCase(random, 60), levels: { step: 1, largest: 60 } };
        one.x.fill(1);
        const packed = packIntegers(one.weights, [one.outputs, one.inputs], one.levels, mode)!;
        expect(multiply(plain, one, packed).isDone).toBe(true);
        one.x[random.below(one.x.length)] = odd;
        expect(multiply(plain, one, packed).isDone).toBe(false);
      }
    },
  );
});

test.runIf(hasRelaxedSimd())('with relaxed SIMD bytes give the same bits', () => {
  const relaxed = open('kernels-relaxed.wasm');
  const random = createRandom(29);
  for (const most of [1, 63, 64, 300]) {
    for (let round = 0; round < 20; round++) {
      const one = randomCase(random, most);
      const packed = packIntegers(one.weights, [one.outputs, one.inputs], one.levels, 'int8')!;
      expect(packed.bytes).toBeDefined();
      expect(multiply(relaxed, one, packed)).toEqual(multiply(plain, one, packed));
    }
  }
});

test.runIf(hasRelaxedSimd())('bytes as large as they get do not saturate', () => {
  const relaxed = open('kernels-relaxed.wasm');
  const [rows, inputs, outputs] = [64, 128, 16];
  for (const [level, weight] of [
    [63, 1],
    [63, -1],
    [-63, 1],
    [-63, -1],
  ] as const) {
    const one: Case = {
      x: new Float32Array(rows * inputs).fill(level),
      weights: new Float32Array(outputs * inputs).fill(weight),
      bias: new Float32Array(outputs),
      ...{ rows, inputs, outputs, levels: { step: 1, largest: 63 } },
    };
    const packed = packIntegers(one.weights, [outputs, inputs], one.levels, 'int8')!;
    expect(new Set(packed.bytes)).toEqual(new Set([127 * weight]));
    expect(multiply(relaxed, one, packed).out).toEqual(expected(one, packed));
  }
});

test('no sum passes int32 with the largest levels and the worst weights', () => {
  for (const mode of ['int16', 'int8'] as const) {
    for (const largest of [1, 63, 8191, 32767]) {
      const weights = Float32Array.from({ length: 128 }, (_, index) => (index % 2 ? 1 : 1 - 1e-4));
      const packed = packIntegers(weights, [1, 128], { step: 1, largest }, mode)!;
      const sum = packed.panels.reduce((total, weight) => total + Math.abs(weight), 0);
      expect(sum * packed.safe).toBeLessThan(2 ** 31);
    }
  }
});

test('weights that are not finite have no integers', () => {
  const levels = { step: 1, largest: 1 };
  for (const odd of [NaN, Infinity]) {
    expect(packIntegers([1, odd, 2], [1, 3], levels, 'int16')).toBeUndefined();
  }
});

// The last one: a flag stays set.
test.skipIf(hasRelaxedSimd())('a flag that brings wrong products of bytes is not enough', () => {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  expect(WebAssembly.validate(binaryOf('kernels-relaxed.wasm'))).toBe(true);
  expect(hasRelaxedSimd()).toBe(false);
});
