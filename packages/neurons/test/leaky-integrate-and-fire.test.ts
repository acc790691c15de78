import { createRandom } from '@spikeloom/ir';
import { lif, plif } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { constant, runNeuron } from './run-neuron.ts';

describe.each(backends)('leaky integrate-and-fire on %s', (_, backend) => {
  const trace = async (attributes: object, currents: readonly (readonly number[])[]) => {
    const { spikes, membrane } = await runNeuron(lif, attributes, currents, { backend });
    return { spikes: [...spikes], membrane: [...membrane] };
  };

  test('moves half way to a constant current at every step when tau is 2', async () => {
    expect(await trace({ threshold: 2 }, constant(1, 4))).toEqual({
      spikes: [0, 0, 0, 0],
      membrane: [0.5, 0.75, 0.875, 0.9375],
    });
  });

  test('returns to zero after a spike', async () => {
    expect(await trace({}, constant(1.5, 4))).toEqual({
      spikes: [0, 1, 0, 1],
      membrane: [0.75, 0, 0.75, 0],
    });
  });

  test('adds the whole current without decayInput', async () => {
    expect(await trace({ decayInput: false }, constant(0.75, 4))).toEqual({
      spikes: [0, 1, 0, 1],
      membrane: [0.75, 0, 0.75, 0],
    });
  });

  test('subtracts the threshold in a soft reset', async () => {
    expect(await trace({ decayInput: false, reset: null }, constant(0.75, 4))).toEqual({
      spikes: [0, 1, 0, 1],
      membrane: [0.75, 0.125, 0.8125, 0.15625],
    });
  });

  test('leaks towards its rest, which is the reset potential', async () => {
    expect(await trace({ reset: -0.5, threshold: 0.375 }, constant(1, 4))).toEqual({
      spikes: [0, 0, 1, 0],
      membrane: [0, 0.25, -0.5, 0],
    });
  });

  test('forgets three quarters of the potential at every step when tau is 4/3', async () => {
    const currents = [[0.5], [0], [0]];
    expect(await trace({ tau: 4 / 3, decayInput: false }, currents)).toEqual({
      spikes: [0, 0, 0],
      membrane: [0.5, 0.125, 0.03125],
    });
  });

  test('fires on the threshold with >= and not with >', async () => {
    const currents = [[2], [0]];
    expect((await trace({}, currents)).spikes).toEqual([1, 0]);
    expect((await trace({ comparison: '>' }, currents)).spikes).toEqual([0, 0]);
  });

  test('never fires again once its potential is not a number', async () => {
    const { spikes } = await trace({ reset: null }, [[Infinity], [-Infinity], [100]]);
    expect(spikes).toEqual([1, 0, 0]);
  });
});

describe.each(backends)('parametric leaky integrate-and-fire on %s', (_, backend) => {
  test.each([
    { decayInput: true, reset: 0 },
    { decayInput: false, reset: 0 },
    { decayInput: true, reset: null },
    { decayInput: false, reset: null },
  ])('is the leaky neuron of tau 2 when w is 0: %o', async (attributes) => {
    const currents = randomCurrents(7);
    const fixed = await runNeuron(lif, { ...attributes, tau: 2 }, currents, { backend });
    const learnt = await runNeuron(plif, attributes, currents, { backend, w: 0 });
    expect(learnt).toEqual(fixed);
    expect(fixed.spikes).toContain(1);
  });

  test('is the leaky neuron whose 1 / tau is the sigmoid of w', async () => {
    const currents = randomCurrents(8);
    const w = -1.5;
    const tau = 1 + Math.exp(-w);
    const fixed = await runNeuron(lif, { tau, threshold: 0.5 }, currents, { backend });
    const learnt = await runNeuron(plif, { threshold: 0.5 }, currents, { backend, w });
    expect(learnt.spikes).toEqual(fixed.spikes);
    expect(fixed.spikes).toContain(1);
    learnt.membrane.forEach((value, index) =>
      expect(Math.abs(value - fixed.membrane[index]!)).toBeLessThan(1e-6),
    );
  });
});

/** Twelve steps of 40 currents around 0.5. */
function randomCurrents(seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: 12 }, () =>
    Array.from({ length: 40 }, () => 0.5 + 1.5 * random.normal()),
  );
}
