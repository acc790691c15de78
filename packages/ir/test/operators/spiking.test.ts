import { createBuilder, primitives, realType, spikeType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { quantizeLevels, spike } = primitives;

describe('spike', () => {
  test('makes spikes of the same shape', () => {
    expect(inferOne(spike, { x: realType(['N', 3]) })).toEqual({ out: spikeType(['N', 3]) });
  });

  test('fires at the threshold and trains with atan unless told otherwise', () => {
    const builder = createBuilder();
    builder.apply(spike, { x: builder.input('x', [1]) });
    expect(builder.build().nodes.at(-1)!.attributes).toEqual({
      comparison: '>=',
      surrogate: { kind: 'atan', alpha: 2 },
    });
  });

  test('compares in no other way than >= and >', () => {
    expect(
      thrownBy(() => inferOne(spike, { x: realType([1]) }, { comparison: '<' })),
    ).toMatchObject({ code: 'invalid-attribute', path: 'op' });
  });
});

describe('quantizeLevels', () => {
  test('makes a graded signal with the levels of its attributes', () => {
    const attributes = { positive: 0.5, negative: 0.25, levels: 3 };
    expect(inferOne(quantizeLevels, { x: realType(['N', 3]) }, attributes)['out']).toEqual({
      shape: ['N', 3],
      dtype: 'float32',
      signal: { kind: 'graded', ...attributes },
    });
  });

  test('has eight levels of each sign unless told otherwise', () => {
    const { out } = inferOne(quantizeLevels, { x: realType([1]) }, { positive: 1, negative: 0 });
    expect(out!.signal).toMatchObject({ levels: 8 });
  });

  test.each([
    { positive: 1 },
    { negative: 1 },
    { positive: -1, negative: 1 },
    { positive: 1, negative: Infinity },
    { positive: 1, negative: 1, levels: 0 },
    { positive: 1, negative: 1, edge: 'middle' },
  ])('refuses %j', (attributes) => {
    expect(
      thrownBy(() => inferOne(quantizeLevels, { x: realType([1]) }, attributes)),
    ).toMatchObject({ code: 'invalid-attribute', path: 'op' });
  });
});
