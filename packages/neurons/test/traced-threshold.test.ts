import { createRandom } from '@spikeloom/ir';
import { tracedThreshold } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { constant, runNeuron } from './run-neuron.ts';

describe.each(backends)('traced-threshold neuron on %s', (_, backend) => {
  test('with one level counts up to the quantised sum and is silent then', async () => {
    const attributes = { threshold: 0.5, lowest: 0, highest: 3 };
    const currents = [[1.2, 9, -4, 0.26], ...constant(0, 5).map(([zero]) => Array(4).fill(zero))];
    const { spikes } = await runNeuron(tracedThreshold, attributes, currents, { backend });
    const sums = [0, 1, 2, 3].map((at) => [...spikes].filter((_s, index) => index % 4 === at));
    expect(sums).toEqual([
      [0.5, 0.5, 0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0, 0, 0],
      [0, 0, 0, 0, 0, 0],
      [0.5, 0, 0, 0, 0, 0],
    ]);
  });

  test('takes back what it emitted when its current does', async () => {
    const attributes = { threshold: 1, lowest: -2, highest: 3 };
    const currents = [[3], [0], [0], [-5], [0], [0], [0], [0]];
    const { spikes } = await runNeuron(tracedThreshold, attributes, currents, { backend });
    expect([...spikes]).toEqual([1, 1, 1, -1, -1, -1, -1, -1]);
  });

  test('with several levels ends at the same sums', async () => {
    const random = createRandom(5);
    const values = Array.from({ length: 100 }, () => 6 * random.normal());
    const currents = [values, ...Array.from({ length: 11 }, () => values.map(() => 0))];
    const attributes = { threshold: 0.5, levels: 4, lowest: -8, highest: 15 };
    const { spikes } = await runNeuron(tracedThreshold, attributes, currents, { backend });
    values.forEach((value, at) => {
      let sum = 0;
      for (let step = 0; step < 12; step++) sum += spikes[step * 100 + at]!;
      const quantised = Math.floor(Math.fround(Math.fround(value) / 0.5) + 0.5);
      expect(sum).toBe(0.5 * Math.min(Math.max(quantised, -8), 15) + 0);
    });
  });
});
