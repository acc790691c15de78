import { expectClose } from '@spikeloom/testkit';
import { type Loss, meanOutputLoss, tetLoss } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { evaluateTerm } from './evaluate-term.ts';
import { type Golden, openGolden } from './golden.ts';
import { oneHot } from './one-hot.ts';

const losses: readonly (readonly [string, (golden: Golden) => Loss])[] = [
  ['mean', () => meanOutputLoss()],
  [
    'tet',
    ({ params }) => tetLoss({ weight: Number(params['lamb']), mean: Number(params['means']) }),
  ],
];

describe.each(backends)('losses of the reference code on %s', (_, backend) => {
  describe.each(['losses_a', 'losses_b'])('%s', (file) => {
    test.each(losses)('%s', async (name, lossOf) => {
      const golden = openGolden(file);
      const logits = golden.tensor('logits');
      const target = oneHot(golden.wide('labels'), logits.shape[2]!);
      const { value, gradients } = await evaluateTerm(
        backend,
        { logits, target },
        ['logits'],
        (b, of) => lossOf(golden).build(b, { logits: of('logits'), target: of('target') }),
      );
      const wanted = golden.number(`${name}_loss`);
      expect(Math.abs(value - wanted)).toBeLessThan(1e-5 * wanted);
      const recorded = golden.tensor(`${name}_grad`);
      // Relative to the largest element: each is a difference of numbers of that size.
      const largest = Math.max(...Array.from(recorded.data, Math.abs));
      expectClose('gradient', gradients['logits']!, recorded, { absolute: 1e-5 * largest });
    });
  });
});
