import { confidences, entropies, gaps, predictions, surprises } from '@spikeloom/cutoff';
import { createRandom, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const logits = tensor([1, 5, 3, -2, -1, -4, 2, 2, 2], [3, 3]);

test('the gap is the largest logit minus the second largest', () => {
  expect([...gaps(logits)]).toEqual([2, 1, 0]);
});

test('the prediction is the largest logit, the first of equal ones', () => {
  expect([...predictions(logits)]).toEqual([1, 1, 0]);
});

test('surprises are minus the logarithms of probabilities that add up to 1', () => {
  const random = createRandom(5);
  const data = Float32Array.from({ length: 200 }, () => 4 * random.normal());
  const surprise = surprises(tensor(data, [20, 10]));
  for (let row = 0; row < 20; row++) {
    const scores = data.subarray(row * 10, row * 10 + 10);
    const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    scores.forEach((score, index) => {
      expect(surprise[row * 10 + index]).toBeCloseTo(Math.log(total) - score, 5);
    });
  }
});

test('surprises keep their digits where probabilities round to 1 or 0', () => {
  const surprise = surprises(tensor([10, 0, 60], [1, 3]));
  expect(surprise[2]! / (Math.exp(-50) + Math.exp(-60))).toBeCloseTo(1, 6);
  expect(surprise[1]).toBe(60);
});

test('confidence and entropy agree on what is sure and what is not', () => {
  const clear = tensor([0, 0, 0, 0, 200, 0, 0, 0], [2, 4]);
  expect([...confidences(clear)]).toEqual([0.25, 1]);
  const [undecided, sure] = entropies(clear);
  expect(undecided).toBeCloseTo(1, 6);
  expect(sure).toBe(0);
  // Two of four classes share everything: half of the largest entropy.
  expect(entropies(tensor([50, 50, -50, -50], [1, 4]))[0]).toBeCloseTo(0.5, 6);
});

describe('every reader refuses', () => {
  const readers = Object.entries({ gaps, surprises, confidences, entropies });
  for (const [name, read] of readers) {
    test.each([[[3, 1]], [[9]], [[1, 3, 3]]])(`shape %j, ${name}`, (shape) => {
      expect(() => read({ shape, data: new Float32Array(9) })).toThrow(
        expect.objectContaining({ code: 'shape-mismatch', got: `[${shape.join(', ')}]` }),
      );
    });

    test.each([NaN, Infinity, -Infinity])(`%d, ${name}`, (value) => {
      expect(() => read(tensor([0, 1, 2, value], [2, 2]))).toThrow(
        expect.objectContaining({ code: 'not-a-number', path: 'cutoff' }),
      );
    });
  }
});
