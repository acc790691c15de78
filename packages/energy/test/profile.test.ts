import {
  addCounts,
  type EnergyProfile,
  horowitz45nm,
  noCounts,
  operations,
  priceOf,
} from '@spikeloom/energy';
import { createBuilder, tensor } from '@spikeloom/ir';
import { integrateAndFire } from '@spikeloom/neurons';
import { expect, test } from 'vitest';
import { measure } from './measure.ts';

test('45 nm silicon has the prices of its source', () => {
  expect(horowitz45nm.picojoules).toMatchObject({ mac: 4.6, ac: 0.9, add: 0.9, multiply: 3.7 });
  expect(horowitz45nm.source).toContain('Horowitz');
});

test('a price is the sum over operations, memory traffic apart', () => {
  const counts = { ...noCounts(), mac: 10, ac: 100, divide: 1, stateRead: 1e6, stateWrite: 1e6 };
  expect(priceOf(counts, horowitz45nm)).toBeCloseTo(10 * 4.6 + 100 * 0.9 + 36.8, 9);
  expect(priceOf(noCounts(), horowitz45nm)).toBe(0);
});

test('counts add up operation by operation, exactly beyond 32 bits', () => {
  const counts = noCounts();
  operations.forEach((operation, index) => {
    counts[operation] = 2 ** 40 + index;
  });
  const total = noCounts();
  addCounts(total, counts);
  addCounts(total, counts);
  operations.forEach((operation, index) => {
    expect(total[operation]).toBe(2 ** 41 + 2 * index);
  });
});

test('a meter takes the prices of another profile', async () => {
  const b = createBuilder();
  const { spikes } = b.apply(integrateAndFire, { current: b.input('x', ['N', 2]) }, {}, 'cell');
  b.output('out', spikes);
  const x = tensor([1, 0], [1, 2]);
  const profile: EnergyProfile = {
    ...horowitz45nm,
    id: 'example/free-but-for-comparisons',
    picojoules: { mac: 0, ac: 0, add: 0, multiply: 0, divide: 0, compare: 7, special: 0 },
  };
  const report = await measure(b.build(), { x }, { timesteps: 3, profile });
  expect(report.profile.id).toBe(profile.id);
  expect(report.meanPicojoules).toEqual([14, 28, 42]);
});
