import { createRandom, primitives } from '@spikeloom/ir';
import { describe, test } from 'vitest';
import { numbers } from '../../../backend-cpu/test/random-data.ts';
import { expectAgreement } from '../agreement.ts';

describe('transposing agrees with the reference', () => {
  test.each([
    { shape: [4, 4], permutation: [1, 0] },
    { shape: [3, 9], permutation: [1, 0] },
    { shape: [65, 30], permutation: [1, 0] },
    { shape: [2, 21, 18], permutation: [0, 2, 1] },
    { shape: [2, 3, 17, 8], permutation: [0, 3, 1, 2] },
    { shape: [5, 6, 7], permutation: [2, 1, 0] },
    { shape: [2, 3, 4, 5, 6], permutation: [4, 2, 0, 3, 1] },
  ])('of $shape by $permutation', async ({ shape, permutation }) => {
    const x = numbers(createRandom(3), shape);
    await expectAgreement({ op: primitives.transpose, inputs: { x }, attributes: { permutation } });
  });
});
