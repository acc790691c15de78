import { wasmBackend } from '@spikeloom/backend-wasm';
import { createBuilder, createRandom, linear, takeRows, type Tensor, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { numbers, size } from '../../../backend-cpu/test/random-data.ts';
import { expectAgreement, registry } from '../agreement.ts';

/** Rows of which so many numbers are not zero. */
function sparse(shape: readonly number[], rate: number): Tensor {
  const random = createRandom(shape[0]!);
  return numbers(random, shape, () => (random.uniform() < rate ? random.normal() : 0));
}

describe('a linear layer on rows with many zeros', () => {
  test('agrees with the reference for any sizes', async () => {
    const random = createRandom(12);
    for (let round = 0; round < 20; round++) {
      const [inputs, outputs] = [size(random, 40), 8 + random.below(40)];
      const x = sparse([2, 16 + random.below(20), inputs], random.uniform() / 2);
      const weight = numbers(random, [outputs, inputs]);
      const bias = random.below(2) === 0 ? undefined : numbers(random, [outputs]);
      await expectAgreement({ op: linear, inputs: { x, weight, bias } });
    }
  });

  test('agrees with the reference where dense rows and sparse ones follow each other', async () => {
    const random = createRandom(15);
    for (const [inputs, outputs] of [
      [300, 37],
      [9, 16],
      [600, 8],
    ] as const) {
      // The share of zeros changes from one group of rows to the next; a row is left over.
      const x = numbers(random, [401, inputs], () => random.normal());
      x.data.forEach((_, index) => {
        const row = Math.floor(index / inputs);
        if (random.uniform() < ((row >> 6) % 3) / 2) x.data[index] = 0;
      });
      const weight = numbers(random, [outputs, inputs]);
      const bias = numbers(random, [outputs]);
      await expectAgreement({ op: linear, inputs: { x, weight, bias } }, 1e-4);
    }
  });

  test('agrees with the reference for more rows than it works on at once', async () => {
    const weight = numbers(createRandom(13), [9, 70_000]);
    await expectAgreement({ op: linear, inputs: { x: sparse([17, 70_000], 0.01), weight } }, 1e-4);
  });

  test.each([0.3, 0.9])(
    'has the bits of the matrix product that few rows get, at a rate of %d',
    async (rate) => {
      const random = createRandom(14);
      const weight = numbers(random, [37, 53]);
      const x = sparse([40, 53], rate);
      const b = createBuilder();
      const values = {
        x: b.input('x', ['N', 53]),
        weight: b.param('weight', [37, 53], { tensor: weight }),
        bias: b.param('bias', [37], { tensor: numbers(random, [37]) }),
      };
      b.output('out', b.apply(linear, values, {}, 'op').out);
      const program = await wasmBackend().compile(b.build(), { registry });
      const run = async (rows: Tensor): Promise<Tensor> =>
        (await program.run({ x: rows }, { timesteps: 1 }))['out']!;
      const all = await run(x);
      for (let first = 0; first < 40; first += 5) {
        const few = await run(
          takeRows(
            x,
            [0, 1, 2, 3, 4].map((row) => first + row),
            0,
          ),
        );
        expect(few.data).toEqual(all.data.slice(first * 37, (first + 5) * 37));
      }
      program.dispose();
    },
  );

  test('meets weights that are not finite as the reference does', async () => {
    const weight = tensor(
      Array.from({ length: 16 }, (_, index) => (index === 3 ? Infinity : index)),
      [8, 2],
    );
    await expectAgreement({
      op: linear,
      inputs: { x: tensor(new Float32Array(40), [20, 2]), weight },
    });
  });
});
