import { createBuilder, createRandom, type Tensor } from '@spikeloom/ir';
import { multiThreshold, thresholdsOf } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden, stepsOf } from './golden.ts';
import { runNeuron } from './run-neuron.ts';

const golden = openGolden('multi_threshold');
const cases = [0, 1, 2, 3, 4];

describe.each(backends)('multi-threshold neuron on %s', (_, backend) => {
  describe.each(['all', 'primitives'] as const)('kernels: %s', (kernels) => {
    test.each(cases)('agrees bit for bit with the reference code, case %i', async (index) => {
      const [positive, negative, levels] = golden.tensor(`c${index}.params`).data as Float32Array;
      const bases = { positive: positive!, negative: negative!, levels: levels! };
      const currents = stepsOf(golden.tensor(`c${index}.input`));
      const { spikes, membrane } = await runNeuron(multiThreshold, bases, currents, {
        backend,
        kernels,
      });
      expect(bits(spikes)).toEqual(bits(golden.tensor(`c${index}.output`).data));
      expect(bits(membrane)).toEqual(bits(golden.tensor(`c${index}.membrane`).data));
      expect(spikeIndices(spikes, bases)).toEqual(golden.tensor(`c${index}.spike_index`).data);
    });
  });

  test('fires on the edge half a base below each level', async () => {
    const just = Math.fround(1.5 - 2 ** -23);
    const attributes = { positive: 1, negative: 2, levels: 2 };
    const { spikes, membrane } = await runNeuron(
      multiThreshold,
      attributes,
      [[0.5, 0.499, 1.5, just, -1, -0.999, -3, -2.999]],
      { backend },
    );
    expect([...spikes]).toEqual([1, 0, 2, 1, -2, 0, -4, -2]);
    expect(membrane[0]).toBe(-0.5);
    expect(membrane[2]).toBe(-0.5);
    expect(membrane[4]).toBe(1);
  });

  test('emits at most the largest level in a step and the rest later', async () => {
    const currents = [[10], [0], [0], [0]];
    const attributes = { positive: 1, negative: 1, levels: 3 };
    const { spikes, membrane } = await runNeuron(multiThreshold, attributes, currents, { backend });
    expect([...spikes]).toEqual([4, 4, 2, 0]);
    expect([...membrane]).toEqual([6, 2, 0, 0]);
  });

  test('emits in total what it was given, but for what is left in the potential', async () => {
    const random = createRandom(31);
    const currents = Array.from({ length: 20 }, () =>
      Array.from({ length: 64 }, () => random.normal()),
    );
    const attributes = { positive: 0.3, negative: 0.2, levels: 5 };
    const { spikes, membrane } = await runNeuron(multiThreshold, attributes, currents, { backend });
    for (let neuron = 0; neuron < 64; neuron++) {
      const given = currents.reduce((sum, step) => sum + step[neuron]!, 0);
      const emitted = currents.reduce((sum, _step, step) => sum + spikes[step * 64 + neuron]!, 0);
      expect(Math.abs(given - emitted - membrane[19 * 64 + neuron]!)).toBeLessThan(1e-5);
    }
  });

  test('leaves less than half a base in the potential while its input stays in range', async () => {
    const random = createRandom(32);
    const currents = [Array.from({ length: 200 }, () => 1.4 * random.uniform())];
    const attributes = { positive: 1, negative: 1, levels: 8 };
    const { membrane } = await runNeuron(multiThreshold, attributes, currents, { backend });
    expect(Math.max(...membrane.map(Math.abs))).toBeLessThanOrEqual(0.5);
  });

  test('never fires with the sign whose base is zero', async () => {
    const random = createRandom(33);
    const currents = [Array.from({ length: 100 }, () => 4 * random.normal())];
    const up = await runNeuron(
      multiThreshold,
      { positive: 0.5, negative: 0, levels: 4 },
      currents,
      { backend },
    );
    const down = await runNeuron(
      multiThreshold,
      { positive: 0, negative: 0.5, levels: 4 },
      currents,
      { backend },
    );
    expect(up.spikes.every((spike) => spike >= 0)).toBe(true);
    expect(up.spikes).toContain(4);
    expect(down.spikes.every((spike) => spike <= 0)).toBe(true);
    expect(down.spikes).toContain(-4);
  });

  test('never fires again once its potential is not a number', async () => {
    const currents = [[Infinity], [-Infinity], [100]];
    const attributes = { positive: 1, negative: 1, levels: 2 };
    const { spikes, membrane } = await runNeuron(multiThreshold, attributes, currents, { backend });
    expect([...spikes]).toEqual([2, 0, 0]);
    expect([...membrane]).toEqual([Infinity, NaN, NaN]);
  });
});

test.each([
  { positive: -0.1, negative: 1, levels: 2 },
  { positive: 1, negative: 1, levels: 0 },
  { positive: 1, negative: NaN, levels: 2 },
])('refuses thresholds that make no neuron: %o', (attributes) => {
  const builder = createBuilder();
  const current = builder.input('current', [3]);
  expect(() => builder.apply(multiThreshold, { current }, attributes)).toThrow(
    expect.objectContaining({ code: 'invalid-attribute' }),
  );
});

test('says in the type of its spikes which levels they have', () => {
  const builder = createBuilder();
  const current = builder.input('current', ['N', 3]);
  const attributes = { positive: 0.5, negative: 0.25, levels: 3 };
  const { spikes } = builder.apply(multiThreshold, { current }, attributes);
  expect(spikes.type).toEqual({
    shape: ['N', 3],
    dtype: 'float32',
    signal: { kind: 'graded', ...attributes },
  });
});

/** Which threshold each spike is, in the order of `thresholdsOf`; -1 where there is none. */
function spikeIndices(spikes: Float32Array, bases: Parameters<typeof thresholdsOf>[0]): Int32Array {
  const thresholds = thresholdsOf(bases).map(Math.fround);
  return Int32Array.from(spikes, (spike) => (spike === 0 ? -1 : thresholds.indexOf(spike)));
}

function bits(values: Tensor['data']): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer);
}
