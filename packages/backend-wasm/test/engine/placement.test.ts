import { createRandom } from '@spikeloom/ir';
import { describe, expect, it } from 'vitest';
import { packArena, type Tenant } from '../../src/engine/arena.ts';
import { stepsOf } from '../../src/engine/pack.ts';

const random = createRandom(3);

describe('an arena', () => {
  it.each([1, 5, 40])('keeps %i tenants apart while both are there', (count) => {
    const tenants = Array.from({ length: count }, (): Tenant => {
      const first = random.below(10);
      return { bytes: 1 + random.below(1000), first, last: first + random.below(4) };
    });
    const { offsets, bytes } = packArena(tenants);
    for (const [a, one] of tenants.entries()) {
      expect(offsets[a]! % 64).toBe(0);
      expect(offsets[a]! + one.bytes).toBeLessThanOrEqual(bytes);
      for (const [b, other] of tenants.entries()) {
        if (a >= b || one.first > other.last || other.first > one.last) continue;
        const isApart =
          offsets[a]! + one.bytes <= offsets[b]! || offsets[b]! + other.bytes <= offsets[a]!;
        expect(isApart).toBe(true);
      }
    }
  });

  it('uses the place of what is gone', () => {
    const tenants = [0, 1, 2].map((stage) => ({ bytes: 640, first: stage, last: stage }));
    expect(packArena(tenants).bytes).toBe(640);
  });
});

describe('steps of int16 weights', () => {
  it.each([1, 3, 100, 5000])('let no set of %i weights pass the range', (count) => {
    const outputs = 4;
    const weights = Float32Array.from({ length: outputs * count }, () => random.normal());
    const steps = stepsOf(weights, outputs);
    for (let output = 0; output < outputs; output++) {
      const own = weights.slice(output * count, (output + 1) * count);
      const levels = Array.from(own, (weight) => Math.round(weight / steps[output]!));
      const [above, below] = [1, -1].map((sign) =>
        levels.reduce((sum, level) => sum + Math.max(sign * level, 0), 0),
      );
      expect(Math.max(above!, below!)).toBeLessThanOrEqual(32767);
      // And use it.
      expect(Math.max(above!, below!)).toBeGreaterThan(32000);
    }
  });

  it('take weights that are all zero', () => {
    expect([...stepsOf(new Float32Array(8), 2)]).toEqual([1, 1]);
  });
});
