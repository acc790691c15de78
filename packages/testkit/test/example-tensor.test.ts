import { createRandom } from '@spikeloom/ir';
import { exampleTensor } from '@spikeloom/testkit';
import { expect, test } from 'vitest';

const draw = (fill?: 'normal' | 'positive' | 'spikes' | 'indices', below?: number): number[] => [
  ...exampleTensor(
    { shape: [1000], ...(fill ? { fill } : {}), ...(below ? { below } : {}) },
    'float32',
    createRandom(1),
  ).data,
];

test('gives the shape and dtype it is asked for', () => {
  const tensor = exampleTensor({ shape: [2, 3] }, 'int32', createRandom(1));
  expect([tensor.shape, tensor.dtype, tensor.data.length]).toEqual([[2, 3], 'int32', 6]);
  expect(exampleTensor({ shape: [] }, 'float32', createRandom(1)).data).toHaveLength(1);
});

test('gives the same numbers for the same seed', () => {
  expect(draw()).toEqual(draw());
});

test('draws numbers of both signs unless told otherwise', () => {
  expect(draw()).toEqual(draw('normal'));
  expect(Math.min(...draw())).toBeLessThan(-1);
  expect(Math.max(...draw())).toBeGreaterThan(1);
});

test('draws positive numbers between 0.1 and 2', () => {
  expect(Math.min(...draw('positive'))).toBeGreaterThanOrEqual(Math.fround(0.1));
  expect(Math.max(...draw('positive'))).toBeLessThanOrEqual(2);
});

test('draws spikes, some but not all', () => {
  expect(new Set(draw('spikes'))).toEqual(new Set([0, 1]));
});

test('draws every index below the limit', () => {
  expect(new Set(draw('indices', 4))).toEqual(new Set([0, 1, 2, 3]));
  expect(new Set(draw('indices'))).toEqual(new Set([0]));
});
