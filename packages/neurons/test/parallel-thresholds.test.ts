import { createBuilder, createRandom } from '@spikeloom/ir';
import { multiThreshold, parallelThresholds, thresholdsOf } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { runNeuron } from './run-neuron.ts';

const attributes = { positive: 0.3, negative: 0.08, levels: 4 };
const width = 16;

describe.each(backends)('parallel thresholds on %s', (_, backend) => {
  test('weighted by their thresholds, the channels are the spikes of the compact neuron', async () => {
    const currents = randomCurrents(10);
    const compact = await runNeuron(multiThreshold, attributes, currents, { backend });
    const parallel = await runNeuron(parallelThresholds, attributes, currents, {
      backend,
      at: 'neuron.v',
    });
    expect(decode(parallel.spikes)).toEqual(compact.spikes);
    expect(parallel.membrane).toEqual(compact.membrane);
    expect(new Set(compact.spikes).size).toBe(1 + 2 * attributes.levels);
  });

  test('at most one channel of a neuron fires in a step', async () => {
    const { spikes } = await runNeuron(parallelThresholds, attributes, randomCurrents(11), {
      backend,
      at: 'neuron.v',
    });
    expect(new Set(spikes)).toEqual(new Set([0, 1]));
    const channels = 2 * attributes.levels;
    for (let start = 0; start < spikes.length; start += channels * width) {
      for (let neuron = 0; neuron < width; neuron++) {
        let fired = 0;
        for (let channel = 0; channel < channels; channel++) {
          fired += spikes[start + channel * width + neuron]!;
        }
        expect(fired).toBeLessThanOrEqual(1);
      }
    }
  });
});

test('thresholds are listed from the largest pair to the smallest', () => {
  expect(thresholdsOf({ positive: 0.5, negative: 0.25, levels: 3 })).toEqual([
    2, -1, 1, -0.5, 0.5, -0.25,
  ]);
});

test('channels need a last axis of known size', () => {
  const builder = createBuilder();
  const current = builder.input('current', [4, 'N']);
  expect(() => builder.apply(parallelThresholds, { current }, attributes, 'cell')).toThrow(
    expect.objectContaining({ code: 'shape-mismatch', path: 'cell' }),
  );
});

/** One value per neuron from its channels, `[T, channels * width]` to `[T, width]`. */
function decode(spikes: Float32Array): Float32Array {
  const thresholds = thresholdsOf(attributes);
  const row = thresholds.length * width;
  return Float32Array.from({ length: spikes.length / thresholds.length }, (_, index) => {
    const [step, neuron] = [Math.floor(index / width), index % width];
    return thresholds.reduce(
      (sum, threshold, channel) => sum + threshold * spikes[step * row + channel * width + neuron]!,
      0,
    );
  });
}

function randomCurrents(seed: number): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: 10 }, () =>
    Array.from({ length: width }, () => 1.5 * random.normal()),
  );
}
