import { realType, spikeType, tensor } from '@spikeloom/ir';
import { expectClose, toleranceFor } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';

describe('expectClose', () => {
  const expected = tensor([1, -100, 0], [3]);

  test('accepts what lies within the absolute and the relative tolerance together', () => {
    const tolerance = { absolute: 0.01, relative: 0.001 };
    expect(() =>
      expectClose('y', tensor([1.01, -100.1, 0.009]), expected, tolerance),
    ).not.toThrow();
    expect(() => expectClose('y', tensor([1, -100, 0.02]), expected, tolerance)).toThrow(
      'element 2',
    );
    expect(() => expectClose('y', tensor([1, -100.2, 0]), expected, tolerance)).toThrow(
      'element 1',
    );
  });

  test('names the first element that differs', () => {
    expect(() => expectClose('logits', tensor([1, -99, 5]), expected, { absolute: 0.5 })).toThrow(
      'logits: element 1 is -99, expected -100 within 0.5',
    );
  });

  test('wants the same shape and dtype', () => {
    const tolerance = { absolute: 1 };
    expect(() => expectClose('y', tensor([1, -100, 0], [1, 3]), expected, tolerance)).toThrow(
      'y: got float32 [1, 3], expected float32 [3]',
    );
    const whole = tensor([1, -100, 0], [3], 'int32');
    expect(() => expectClose('y', whole, expected, tolerance)).toThrow('got int32 [3]');
  });

  test('takes NaN for NaN and infinity for infinity, and nothing else for them', () => {
    const odd = tensor([Number.NaN, Infinity, -Infinity]);
    expect(() => expectClose('y', odd, odd, { absolute: 0 })).not.toThrow();
    for (const [index, value] of [
      [0, 0],
      [1, 1e38],
      [1, -Infinity],
      [2, Number.NaN],
    ] as const) {
      const other = tensor([...odd.data].with(index, value));
      expect(() => expectClose('y', other, odd, { absolute: 1, relative: 1 })).toThrow(
        `element ${index} is ${other.data[index]}`,
      );
    }
    expect(() => expectClose('y', odd, expected, { absolute: 1000 })).toThrow('element 0 is NaN');
  });

  test('takes -0 for 0', () => {
    expect(() => expectClose('y', tensor([-0]), tensor([0]), { absolute: 0 })).not.toThrow();
  });
});

test('events must agree exactly, numbers up to rounding', () => {
  expect(toleranceFor(realType([2]), 1e-5)).toEqual({ absolute: 1e-5, relative: 1e-5 });
  const exact = { absolute: 0, relative: 0 };
  expect(toleranceFor(spikeType([2]), 1e-5)).toEqual(exact);
  expect(toleranceFor({ ...realType([2]), dtype: 'int32' }, 1e-5)).toEqual(exact);
  expect(toleranceFor({ ...realType([2]), dtype: 'bool' }, 1e-5)).toEqual(exact);
});
