import { type AnyOperator } from '@spikeloom/ir';
import { integrateAndFire, lif, triangle } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { type Golden, largestDifference, openGolden, stepsOf } from './golden.ts';
import { runNeuron } from './run-neuron.ts';

/** The neuron of the reference code: it multiplies the potential by `tau` after the reset. */
function neuronOf({ params }: Golden): { op: AnyOperator; attributes: object } {
  const kept = Number(params['tau']);
  const attributes = {
    threshold: Number(params['vthr']),
    reset: params['reset'] === 'soft' ? null : 0,
    comparison: '>',
    surrogate: triangle(1),
    detachReset: false,
  };
  if (kept === 1) return { op: integrateAndFire, attributes };
  return { op: lif, attributes: { ...attributes, tau: 1 / (1 - kept), leakAfterReset: true } };
}

describe.each(backends)('the neurons of the reference code on %s', (_, backend) => {
  test.each(['lif_ms_a', 'lif_ms_b', 'lif_ms_c'])(
    'with all timesteps at once, %s',
    async (name) => {
      const golden = openGolden(name);
      const { op, attributes } = neuronOf(golden);
      const currents = stepsOf(golden.tensor('x'));
      const at = 'potential';
      const { spikes, membrane } = await runNeuron(op, attributes, currents, { backend, at });
      expect(spikes).toEqual(golden.tensor('spikes').data);
      expect(spikes).toContain(1);
      expect(largestDifference(membrane, golden.tensor('mem_post').data)).toBeLessThan(1e-5);
    },
  );

  test.each(['lif_ss_a', 'lif_ss_b', 'lif_ss_c'])('step by step, %s', async (name) => {
    const golden = openGolden(name);
    const { op, attributes } = neuronOf(golden);
    const initial = Number(golden.params['effective_mem_init']) * Number(golden.params['vthr']);
    const { spikes, membrane } = await runNeuron(
      op,
      { ...attributes, initial, output: 'threshold' },
      stepsOf(golden.tensor('x')),
      { backend },
    );
    expect(largestDifference(spikes, golden.tensor('out').data)).toBeLessThan(1e-6);
    expect(largestDifference(membrane, golden.tensor('vmem_after').data)).toBeLessThan(1e-5);
    expect(spikes.some((spike) => spike > 0)).toBe(true);
  });
});
