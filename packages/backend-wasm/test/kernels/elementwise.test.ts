import { wasmBackend } from '@spikeloom/backend-wasm';
import { type Builder, createBuilder, createRandom, tensor, type Value } from '@spikeloom/ir';
import { surrogateDerivative } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { numbers } from '../../../backend-cpu/test/random-data.ts';
import { expectAgreement, registry } from '../agreement.ts';
import { expectSameBits } from '../same-bits.ts';

const { NaN: notANumber, POSITIVE_INFINITY: infinity } = Number;
const numbersWithEdges = [0, -0, 1, -1, 1e-45, -1e-45, 3e38, infinity, -infinity, 4, 2];

/** Runs a graph on two vectors, in which NaN is made: inputs may not contain it. */
async function expectBits(build: (b: Builder, x: Value, y: Value) => Value): Promise<void> {
  for (const length of [1, 2, 3, 4, 5, 11]) {
    const b = createBuilder();
    const [x, y] = [b.input('x', [length]), b.input('y', [length])];
    const nan = b.sub(x, x);
    b.output('plain', build(b, x, y));
    b.output('nan', build(b, b.div(nan, nan), y));
    const values = numbersWithEdges.slice(-length);
    const inputs = { x: tensor(values), y: tensor(values.toReversed()) };
    await expectSameBits(wasmBackend(), b.build(), { registry, inputs, timesteps: 1 });
  }
}

const surrogate = { kind: 'atan', alpha: 2 } as const;
const cases: Readonly<Record<string, (b: Builder, x: Value, y: Value) => Value>> = {
  'the larger of two numbers': (b, x, y) => b.maximum(x, y),
  'the larger of a number and one number': (b, x) => b.maximum(x, 0.5),
  'the larger of one number and a number': (b, x) => b.maximum(-2, x),
  'the smaller of two numbers': (b, x, y) => b.minimum(x, y),
  'the smaller of a number and one number': (b, x) => b.minimum(x, 0),
  'spikes at the threshold': (b, x) => b.spike(x, surrogate, '>='),
  'spikes above the threshold': (b, x) => b.spike(x, surrogate, '>'),
  'the square root': (b, x) => b.sqrt(x),
};

test.each(Object.entries(cases))('%s has the bits of the reference', async (_, build) =>
  expectBits(build),
);

describe('surrogate derivatives', () => {
  const kinds = [
    { kind: 'atan', alpha: 3 },
    { kind: 'sigmoid', alpha: 4 },
    { kind: 'triangle', width: 0.5 },
    { kind: 'fast-sigmoid', slope: 10 },
    { kind: 'rectangle', width: 0.5 },
  ] as const;

  test.each(kinds)('$kind agrees with its lowering', async (one) => {
    const u = numbers(createRandom(3), [7, 13]);
    await expectAgreement({
      op: surrogateDerivative,
      inputs: { u },
      attributes: { surrogate: one },
    });
  });

  test('are 0 far away, not NaN', async () => {
    const u = tensor([1e30, -1e30, infinity, -infinity]);
    for (const one of kinds) {
      const b = createBuilder();
      const { out } = b.apply(
        surrogateDerivative,
        { u: b.input('u', [4]) },
        { surrogate: one },
        'derivative',
      );
      b.output('out', out);
      const program = await wasmBackend().compile(b.build(), { registry });
      const run = await program.run({ u }, { timesteps: 1 });
      program.dispose();
      for (const value of run['out']!.data) expect(value).toBeCloseTo(0, 9);
    }
  });
});

test('NaN stays NaN in the larger and the smaller of two numbers', async () => {
  const b = createBuilder();
  const zero = b.input('zero', [4]);
  const nan = b.div(zero, zero);
  b.output('larger', b.maximum(nan, 1));
  b.output('smaller', b.minimum(1, nan));
  const program = await wasmBackend().compile(b.build(), { registry });
  const run = await program.run({ zero: tensor([0, 0, 0, 0]) }, { timesteps: 1 });
  program.dispose();
  expect([...run['larger']!.data, ...run['smaller']!.data]).toEqual(Array(8).fill(notANumber));
});
