import { createRandom } from '@spikeloom/ir';
import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../src/engine/weight-steps.ts';

const random = createRandom(3);

describe.each(['int16', 'int8'] as const)('steps of %s weights', (mode) => {
  it.each([1, 2, 3, 100, 5000])('let no set of %i weights pass the range', (count) => {
    const outputs = 6;
    const weights = Float32Array.from({ length: outputs * count }, (_, index) => {
      const weight = random.normal();
      // One output with weights of one sign, one with a weight far from the others.
      if (index < count) return Math.abs(weight);
      return index === count ? 40 * weight : weight;
    });
    const steps = stepsOf(weights, outputs, mode);
    for (let output = 0; output < outputs; output++) {
      const own = weights.slice(output * count, (output + 1) * count);
      const levels = Array.from(own, (weight) => Math.round(weight / steps[output]!));
      const sides = [1, -1].map((sign) =>
        levels.map((level) => Math.max(sign * level, 0)).toSorted((a, b) => b - a),
      );
      const sum = (side: readonly number[]): number => side.reduce((all, one) => all + one, 0);
      const all = Math.max(...sides.map(sum)) / 32767;
      const two = Math.max(...sides.map((side) => sum(side.slice(0, 2)))) / 127;
      const most = mode === 'int16' ? all : Math.max(all, two);
      expect(most).toBeLessThanOrEqual(1);
      // And use it.
      expect(most).toBeGreaterThan(0.97);
    }
  });

  it('take weights that are all zero', () => {
    expect([...stepsOf(new Float32Array(8), 2, mode)]).toEqual([1, 1]);
  });
});
