import { createRandom } from '@spikeloom/ir';
import { describe, expect, it } from 'vitest';
import { packArena, type Tenant } from '../../src/engine/arena.ts';

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
