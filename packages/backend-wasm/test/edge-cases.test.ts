import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  type Builder,
  createBuilder,
  createRegistry,
  gelu,
  softmax,
  tensor,
  type Value,
} from '@spikeloom/ir';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../../runtime/test/thrown-by.ts';

const registry = createRegistry();
const { NaN: notANumber, POSITIVE_INFINITY: infinity } = Number;

describe.each([
  ['cpu', cpuBackend()],
  ['tfjs', tfjsBackend('cpu')],
  ['wasm', wasmBackend()],
] as const)('on %s', (_, backend) => {
  /** Runs a graph of one input; NaN, which inputs may not contain, are made inside it. */
  async function compute(
    values: readonly number[],
    build: (b: Builder, x: Value) => Value,
  ): Promise<number[]> {
    const b = createBuilder();
    const isNumber = b.input('isNumber', [values.length], { dtype: 'bool' });
    const given = b.input('x', [values.length]);
    const zero = b.mul(given, 0);
    const x = b.select(isNumber, given, b.div(zero, zero));
    b.output('y', build(b, x));
    const program = await backend.compile(b.build(), { registry });
    const inputs = {
      x: tensor(values.map((value) => (Number.isNaN(value) ? 0 : value))),
      isNumber: tensor(
        values.map((value) => Number(!Number.isNaN(value))),
        [values.length],
        'bool',
      ),
    };
    const { y } = await program.run(inputs, { timesteps: 1 });
    program.dispose();
    return [...y!.data];
  }

  test('NaN never fires, and 0 fires at the threshold whatever its sign', async () => {
    const values = [notANumber, 0, -0, 1e-45, -1e-45, infinity, -infinity];
    const surrogate = { kind: 'atan', alpha: 2 } as const;
    const fire = (comparison: '>=' | '>') =>
      compute(values, (b, x) => b.spike(x, surrogate, comparison));
    expect(await fire('>=')).toEqual([0, 1, 1, 1, 0, 1, 0]);
    expect(await fire('>')).toEqual([0, 0, 0, 1, 0, 1, 0]);
  });

  test('comparisons with NaN are false', async () => {
    const values = [notANumber, 1, 2, infinity];
    expect(await compute(values, (b, x) => b.greater(x, 1))).toEqual([0, 0, 1, 1]);
    expect(await compute(values, (b, x) => b.greaterEqual(x, 1))).toEqual([0, 1, 1, 1]);
    expect(await compute(values, (b, x) => b.equal(x, 1))).toEqual([0, 1, 0, 0]);
    expect(await compute(values, (b, x) => b.equal(x, x))).toEqual([0, 1, 1, 1]);
  });

  test('what select does not pick has no effect, even if it is NaN or infinite', async () => {
    const values = [notANumber, infinity, 3];
    expect(await compute(values, (b, x) => b.select(b.greater(x, -1), 7, x))).toEqual([
      notANumber,
      7,
      7,
    ]);
    expect(await compute(values, (b, x) => b.select(b.equal(x, 3), x, 0))).toEqual([0, 0, 3]);
  });

  test('a cast to int32 drops the fraction, one to bool asks for zero', async () => {
    const values = [1.9, -1.9, 0.5, -0, 256, -3];
    expect(await compute(values, (b, x) => b.cast(x, 'int32'))).toEqual([1, -1, 0, 0, 256, -3]);
    expect(await compute(values, (b, x) => b.cast(x, 'bool'))).toEqual([1, 1, 1, 0, 1, 1]);
    expect(await compute(values, (b, x) => b.cast(b.cast(x, 'bool'), 'float32'))).toEqual([
      1, 1, 1, 0, 1, 1,
    ]);
  });

  test('division by zero is infinite', async () => {
    expect(await compute([1, -1], (b, x) => b.div(x, 0))).toEqual([infinity, -infinity]);
  });

  test('floor rounds down below zero', async () => {
    expect(await compute([-0.5, -1, 1.5, -1.5], (b, x) => b.floor(x))).toEqual([-1, -1, 1, -2]);
  });

  test('the largest of values below zero is below zero', async () => {
    expect(await compute([-3, -2, -5], (b, x) => b.max(x, [0]))).toEqual([-2]);
    const pool = (b: Builder, x: Value): Value =>
      b.maxPool2d(b.reshape(x, [1, 1, 2, 2]), {
        kernel: [2, 2],
        stride: [1, 1],
        padding: [1, 1, 1, 1],
      });
    expect(await compute([-4, -3, -2, -1], (b, x) => b.reshape(pool(b, x), [-1]))).toEqual([
      -4, -3, -3, -2, -1, -1, -2, -1, -1,
    ]);
  });

  test('softmax survives large scores and leaves out what is masked with -infinity', async () => {
    const weights = await compute(
      [1e4, 1e4, -1e4, -infinity],
      (b, x) => b.apply(softmax, { x }, { axis: 0 }).out,
    );
    expect(weights).toEqual([0.5, 0.5, 0, 0]);
  });

  test('GELU of large numbers is the number or nothing', async () => {
    const values = [-100, -20, 0, 20, 100];
    const results = await compute(values, (b, x) => b.apply(gelu, { x }).out);
    expect(results.map((value) => value + 0)).toEqual([0, 0, 0, 20, 100]);
  });

  test('a sum over no axes changes nothing', async () => {
    expect(await compute([1, 2], (b, x) => b.sum(x, []))).toEqual([1, 2]);
    expect(await compute([1, 2], (b, x) => b.mean(x, []))).toEqual([1, 2]);
    expect(await compute([1, 2], (b, x) => b.max(x, []))).toEqual([1, 2]);
  });

  test.each([
    ['gather', -1],
    ['gather', 3],
    ['segmentSum', -1],
    ['segmentSum', 2],
  ] as const)('%s refuses row %d, naming the node and the place', async (kind, row) => {
    const b = createBuilder();
    const x = b.input('x', [3]);
    const rows = b.input('rows', [3], { dtype: 'int32' });
    b.output('y', kind === 'gather' ? b.gather(x, rows, 0, 'it') : b.segmentSum(x, rows, 2, 'it'));
    const program = await backend.compile(b.build(), { registry });
    const inputs = { x: tensor([1, 2, 3]), rows: tensor([0, 1, row], [3], 'int32') };
    const error = await thrownBy(() => program.run(inputs, { timesteps: 1 }));
    expect(error).toMatchObject({ code: 'invalid-argument', path: 'it', got: `${row}` });
    expect(error.message).toContain('position 2');
    program.dispose();
  });
});
