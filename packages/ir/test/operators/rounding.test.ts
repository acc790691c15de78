import { primitives, realType, spikeType } from '@spikeloom/ir';
import { expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { floor } = primitives;

test('floor makes real numbers, whatever gradient training is to take', () => {
  for (const gradient of ['zero', 'straight-through']) {
    expect(inferOne(floor, { x: spikeType(['N', 2]) }, { gradient })).toEqual({
      out: realType(['N', 2]),
    });
  }
});

test('floor knows no other gradient', () => {
  expect(thrownBy(() => inferOne(floor, { x: realType([2]) }, { gradient: 'one' }))).toMatchObject({
    code: 'invalid-attribute',
    path: 'op',
  });
});
