import { createBuilder } from '@spikeloom/ir';
import { integrateAndFire } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { constant, runNeuron } from './run-neuron.ts';

describe.each(backends)('integrate-and-fire on %s', (_, backend) => {
  const trace = async (attributes: object, currents: readonly (readonly number[])[]) => {
    const { spikes, membrane } = await runNeuron(integrateAndFire, attributes, currents, {
      backend,
    });
    return { spikes: [...spikes], membrane: [...membrane] };
  };

  test('adds up its current and keeps what exceeds the threshold after a soft reset', async () => {
    expect(await trace({}, constant(0.75, 5))).toEqual({
      spikes: [0, 1, 1, 1, 0],
      membrane: [0.75, 0.5, 0.25, 0, 0.75],
    });
  });

  test('forgets what exceeds the threshold after a hard reset', async () => {
    expect(await trace({ reset: 0 }, constant(0.75, 5))).toEqual({
      spikes: [0, 1, 0, 1, 0],
      membrane: [0.75, 0, 0.75, 0, 0.75],
    });
  });

  test('starts a hard reset from the reset potential', async () => {
    expect(await trace({ reset: -0.5 }, constant(1, 4))).toEqual({
      spikes: [1, 0, 1, 0],
      membrane: [-0.5, 0.5, -0.5, 0.5],
    });
  });

  test('fires when the membrane equals the threshold', async () => {
    expect(await trace({ threshold: 0.5 }, constant(0.25, 4))).toEqual({
      spikes: [0, 1, 0, 1],
      membrane: [0.25, 0, 0.25, 0],
    });
  });

  test('does not fire when the membrane equals the threshold if the comparison is strict', async () => {
    expect(await trace({ threshold: 0.5, comparison: '>' }, constant(0.25, 4))).toEqual({
      spikes: [0, 0, 1, 0],
      membrane: [0.25, 0.5, 0.25, 0.5],
    });
  });

  test('starts at its initial potential', async () => {
    expect(await trace({ initial: 0.5 }, constant(0.5, 3))).toEqual({
      spikes: [1, 0, 1],
      membrane: [0, 0.5, 0],
    });
  });

  test('emits its threshold where it is asked to', async () => {
    expect(await trace({ threshold: 0.5, output: 'threshold' }, constant(0.375, 4))).toEqual({
      spikes: [0, 0.5, 0.5, 0.5],
      membrane: [0.375, 0.25, 0.125, 0],
    });
  });

  test('shows the potential after the reset', async () => {
    const { membrane } = await runNeuron(integrateAndFire, {}, constant(0.75, 3), {
      backend,
      at: 'potential',
    });
    expect([...membrane]).toEqual([0.75, 0.5, 0.25]);
  });

  test('never fires again once its potential is not a number', async () => {
    const currents = [[Infinity], [-Infinity], [100], [100]];
    const { spikes, membrane } = await trace({}, currents);
    expect(spikes).toEqual([1, 0, 0, 0]);
    expect(membrane).toEqual([Infinity, NaN, NaN, NaN]);
  });
});

test('a threshold must be greater than zero', () => {
  const builder = createBuilder();
  const current = builder.input('current', ['N', 3]);
  expect(() => builder.apply(integrateAndFire, { current }, { threshold: 0 }, 'cell')).toThrow(
    expect.objectContaining({ code: 'invalid-attribute', path: 'cell' }),
  );
});
