import { type AnyOperator, createBuilder, createRandom, spikeType } from '@spikeloom/ir';
import { integrateAndFire, lif, plif } from '@spikeloom/neurons';
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

  test('leaks after the reset with leakAfterReset, and adds the whole current', async () => {
    expect(await trace({ leakAfterReset: true }, constant(0.75, 5))).toEqual({
      spikes: [0, 1, 0, 1, 0],
      membrane: [0.375, 0, 0.375, 0, 0.375],
    });
    // 0.75 + 0.375 = 1.125 leaves 0.125, of which half is left.
    expect(await trace({ leakAfterReset: true, reset: null }, constant(0.75, 3))).toEqual({
      spikes: [0, 1, 0],
      membrane: [0.375, 0.0625, 0.40625],
    });
  });

  test('leaks towards its rest after the reset, too', async () => {
    // -0.5 + 1 = 0.5 is 1 away from the rest, and half of that is left; then 1 fires.
    expect(await trace({ leakAfterReset: true, reset: -0.5 }, constant(1, 3))).toEqual({
      spikes: [0, 1, 0],
      membrane: [0, -0.5, 0],
    });
  });

  test('starts at its initial potential, and at its rest without one', async () => {
    const still = constant(0, 1);
    expect((await trace({ initial: 0.5, decayInput: false }, still)).membrane).toEqual([0.25]);
    expect((await trace({ initial: 0.5, reset: 0.25 }, still)).membrane).toEqual([0.375]);
    expect((await trace({ reset: 0.25, decayInput: false }, still)).membrane).toEqual([0.25]);
    expect((await trace({ reset: null, decayInput: false }, still)).membrane).toEqual([0]);
  });

  test('emits its threshold where it is asked to, and spikes and potentials stay', async () => {
    const currents = randomCurrents(9);
    for (const reset of [0, null]) {
      const attributes = { threshold: 0.7, reset };
      const options = { backend };
      const ones = await runNeuron(lif, attributes, currents, options);
      const levels = await runNeuron(
        lif,
        { ...attributes, output: 'threshold' },
        currents,
        options,
      );
      expect(levels.membrane).toEqual(ones.membrane);
      expect(levels.spikes).toEqual(ones.spikes.map((spike) => spike * Math.fround(0.7)));
      expect(ones.spikes).toContain(1);
    }
  });

  test('shows the potential after the reset and before the leak', async () => {
    const attributes = { leakAfterReset: true, threshold: 0.5 };
    const options = { backend, at: 'potential' };
    const { membrane } = await runNeuron(lif, attributes, [[0.25], [0.375], [0.25]], options);
    expect([...membrane]).toEqual([0.25, 0, 0.25]);
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
    { leakAfterReset: true, reset: 0.25 },
    { leakAfterReset: true, reset: null, initial: 0.5 },
    { leakAfterReset: true, reset: 0, output: 'threshold', threshold: 0.5 },
  ])('is the leaky neuron of tau 2 when w is 0: %o', async (attributes) => {
    const currents = randomCurrents(7);
    const fixed = await runNeuron(lif, { ...attributes, tau: 2 }, currents, { backend });
    const learnt = await runNeuron(plif, attributes, currents, { backend, w: 0 });
    expect(learnt).toEqual(fixed);
    expect(fixed.spikes.some((spike) => spike > 0)).toBe(true);
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

test('a neuron that emits its threshold says so in the type of its spikes', () => {
  const b = createBuilder();
  const current = b.input('current', ['N', 3]);
  const threshold = 0.7;
  const shape = ['N', 3];
  const neurons: readonly AnyOperator[] = [lif, integrateAndFire];
  for (const op of neurons) {
    const typeWith = (attributes: object) => b.apply(op, { current }, attributes)['spikes']!.type;
    expect(typeWith({ threshold })).toEqual(spikeType(shape));
    expect(typeWith({ threshold, output: 'threshold' })).toEqual({
      shape,
      dtype: 'float32',
      signal: { kind: 'graded', positive: threshold, negative: 0, levels: 1 },
    });
  }
});

/** Twelve steps of 40 currents around 0.5. */
function randomCurrents(seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: 12 }, () =>
    Array.from({ length: 40 }, () => 0.5 + 1.5 * random.normal()),
  );
}
