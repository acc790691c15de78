import { errorBounds } from '@spikeloom/conversion';
import { cpuBackend } from '@spikeloom/backend-cpu';
import { type AnyOperator, createBuilder, createRandom, tensor } from '@spikeloom/ir';
import { differentialThreshold, multiThreshold, tracedThreshold } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { registry } from './tiny-vit.ts';

const timesteps = 6;

/** What is wrong with the mean, or in sum coding the sum, of what a neuron says of values up to 12. */
async function worstErrors(op: AnyOperator, attributes: object, coding: string): Promise<number[]> {
  const random = createRandom(4);
  const values = Array.from({ length: 4000 }, () => 24 * random.uniform() - 12);
  const b = createBuilder();
  const current = b.input('current', [values.length]);
  b.output('spikes', b.apply(op, { current }, attributes, 'neuron')['spikes']!);
  const program = await cpuBackend().compile(b.build(), { registry });
  const once = values.map(() => 0);
  const steps = Array.from({ length: timesteps }, (_, step) =>
    tensor(step === 0 || coding === 'rate' ? values : once),
  );
  const { spikes } = await program.run({ current: steps }, { timesteps });
  const said = values.map(() => 0);
  return steps.map((_, step) => {
    let worst = 0;
    said.forEach((before, index) => {
      const spike = spikes!.data[step * values.length + index]!;
      if (coding === 'rate') said[index] = (before * step + spike) / (step + 1);
      else said[index] = before + (coding === 'sum' ? spike : spike / (step + 1));
      worst = Math.max(worst, Math.abs(said[index]! - values[index]!));
    });
    return worst;
  });
}

describe('no value in range is further off than the bound', () => {
  test.each([1, 2, 3])('of differential coding, %i levels to an octave', async (perOctave) => {
    const thresholds = { positive: 0.25, negative: 0.25, levels: 8 * perOctave, perOctave };
    const settings = { edge: 'nearest', coding: 'differential', timesteps } as const;
    const worst = await worstErrors(differentialThreshold, thresholds, settings.coding);
    const bounds = errorBounds(12, thresholds, settings);
    worst.forEach((error, step) => expect(error).toBeLessThanOrEqual(bounds[step]! + 1e-5));
    // And the bound of the first step is nearly reached.
    expect(worst[0]).toBeGreaterThan(0.8 * bounds[0]!);
  });

  test.each(['nearest', 'half-base'] as const)('of rate coding, edges %s', async (edge) => {
    const thresholds = { positive: 0.25, negative: 0.25, levels: 8, perOctave: 1 };
    const worst = await worstErrors(multiThreshold, { ...thresholds, edge }, 'rate');
    const bounds = errorBounds(12, thresholds, { edge, coding: 'rate', timesteps });
    worst.forEach((error, step) => expect(error).toBeLessThanOrEqual(bounds[step]! + 1e-5));
  });

  test('of sum coding', async () => {
    const thresholds = { positive: 0.25, negative: 0.25, levels: 8, perOctave: 1 };
    const attributes = { threshold: 0.25, levels: 8, lowest: -255, highest: 255 };
    const worst = await worstErrors(tracedThreshold, attributes, 'sum');
    const settings = { edge: 'nearest', coding: 'sum', timesteps } as const;
    const bounds = errorBounds(12, thresholds, settings);
    worst.forEach((error, step) => expect(error).toBeLessThanOrEqual(bounds[step]! + 1e-5));
    expect(worst.at(-1)).toBeLessThanOrEqual(0.125 + 1e-5);
  });
});

test('with levels a factor of two apart a third of the value can be missing at once', () => {
  const thresholds = { positive: 0.01, negative: 0.01, levels: 12, perOctave: 1 };
  const settings = { edge: 'nearest', coding: 'differential', timesteps: 3 } as const;
  const bounds = errorBounds(9, thresholds, settings);
  expect(bounds.map((bound) => Math.round(bound * 1000) / 1000)).toEqual([3, 1, 0.333]);
});
