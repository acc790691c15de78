import { formatEnergy, fullCounting } from '@spikeloom/energy';
import { createBuilder, linear, tensor } from '@spikeloom/ir';
import { integrateAndFire } from '@spikeloom/neurons';
import { expect, test } from 'vitest';
import { measure } from './measure.ts';

test('a report reads as text: totals, the costliest layers, what to know', async () => {
  const b = createBuilder();
  const x = b.input('x', ['N', 4]);
  const { spikes } = b.apply(integrateAndFire, { current: x }, { reset: 0 }, 'cell');
  const weight = b.param('w', [1000, 4], { tensor: tensor(new Float32Array(4000), [1000, 4]) });
  b.output('out', b.apply(linear, { x: spikes, weight }, {}, 'layer').out);
  const inputs = { x: tensor([1, 0, 1, 1], [1, 4]) };
  const counting = { ...fullCounting, caveats: ['read this'] };
  const report = await measure(b.build(), inputs, { timesteps: 2, countings: [counting] });
  expect(formatEnergy(report)).toMatchInlineSnapshot(`
    "Energy, complete (45 nm, float32), mean of 1 samples, 2 timesteps
      accumulates 6.00 k, multiply-accumulates 0, additions 24, multiplications 8
      divisions 0, comparisons 8, special functions 0
      memory traffic: states 64 bytes, weights at most 24.00 k bytes (one read per accumulation, none reused)
      energy 0.005 uJ
        layer                            0.0054 uJ
        cell                             0.0001 uJ
      note: read this"
  `);
  expect(formatEnergy(report, { layers: 1 })).not.toContain('    cell');
});
