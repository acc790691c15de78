import type { Tensor } from '@spikeloom/ir';
import { differentialThreshold, multiThreshold } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden, stepsOf } from './golden.ts';
import { constant, runNeuron } from './run-neuron.ts';

const golden = openGolden('differential');
const levels = [6, 8];
const tokens = 7;

/** The values of one token, because the reference has thresholds for each. */
function atToken({ shape, data }: Tensor, token: number): number[] {
  const width = shape.at(-1)!;
  const rows = data.length / width;
  return Array.from({ length: rows }, (_, row) => row)
    .filter((row) => row % tokens === token)
    .flatMap((row) => [...data.slice(row * width, (row + 1) * width)]);
}

function basesAt(index: number, token: number) {
  const { data } = golden.tensor(`c${index}.thresh`);
  const smallest = data[token % data.length]! / 2 ** (levels[index]! - 1);
  return { positive: smallest, negative: smallest, levels: levels[index]!, edge: 'nearest' };
}

describe.each(backends)('differential-threshold neuron on %s', (_, backend) => {
  test.each([0, 1])('agrees with the reference code, case %i', async (index) => {
    const inputs = stepsOf(golden.tensor(`c${index}.input`));
    for (let token = 0; token < tokens; token++) {
      // The reference learns the constant part in a pass with zero input; here it comes with the first step alone.
      const [bias, first, ...later] = inputs.map((step) => atToken(step, token));
      const currents = [
        first!,
        ...later.map((step) => step.map((value, at) => value - bias![at]!)),
      ];
      const bases = basesAt(index, token);
      const { spikes, membrane } = await runNeuron(differentialThreshold, bases, currents, {
        backend,
      });
      const wanted = (name: string): number[] =>
        stepsOf(golden.tensor(`c${index}.diff.${name}`))
          .slice(1)
          .flatMap((step) => atToken(step, token));
      expect([...spikes]).toEqual(wanted('output'));
      wanted('membrane').forEach((value, at) => expect(membrane[at]).toBeCloseTo(value, 5));
    }
  });

  test.each([0, 1])(
    'the multi-threshold neuron fires at the nearest level as the reference does, case %i',
    async (index) => {
      const [, ...inputs] = stepsOf(golden.tensor(`c${index}.input`));
      for (let token = 0; token < tokens; token++) {
        const currents = inputs.map((step) => atToken(step, token));
        const bases = basesAt(index, token);
        const { spikes } = await runNeuron(multiThreshold, bases, currents, { backend });
        const wanted = stepsOf(golden.tensor(`c${index}.rate.output`));
        expect([...spikes]).toEqual(wanted.flatMap((step) => atToken(step, token)));
      }
    },
  );

  test('emits levels of a constant once, then what is missing, then nothing', async () => {
    const bases = { positive: 1, negative: 1, levels: 3 };
    const currents = [[2.75], ...constant(0, 7)];
    const { spikes } = await runNeuron(differentialThreshold, bases, currents, { backend });
    // The means are 2, 2 + 2 / 2 = 3, 3 - 1 / 3, then near enough: 4 * (2.75 - 8 / 3) < 3/4.
    expect([...spikes]).toEqual([2, 2, -1, 0, 0, 0, 0, 0]);
  });

  test('has after t steps a mean that is off by less than the potential over t', async () => {
    const bases = { positive: 0.1, negative: 0.1, levels: 8 };
    const values = Array.from({ length: 64 }, (_v, index) => Math.sin(index) * 2);
    const currents = [values, ...Array.from({ length: 15 }, () => values.map(() => 0))];
    const { spikes } = await runNeuron(differentialThreshold, bases, currents, { backend });
    const means = values.map(() => 0);
    for (let step = 0; step < 16; step++) {
      values.forEach((_v, at) => (means[at]! += spikes[step * 64 + at]! / (step + 1)));
    }
    values.forEach((value, at) => expect(Math.abs(value - means[at]!)).toBeLessThan(0.075 / 16));
  });
});
