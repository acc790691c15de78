import { createRandom, tensor } from '@spikeloom/ir';
import { accumulateSteps, stackSteps } from '@spikeloom/runtime';
import { expect, test } from 'vitest';
import { normalTensor } from './random-tensor.ts';

test('stackSteps puts time first and keeps the dtype', () => {
  const steps = [tensor([1, 0], [2], 'bool'), tensor([0, 1], [2], 'bool')];
  expect(stackSteps(steps)).toEqual(tensor([1, 0, 0, 1], [2, 2], 'bool'));
});

test('stackSteps of scalars is a vector, of nothing an empty time axis', () => {
  expect(stackSteps([tensor([4], []), tensor([5], [])])).toEqual(tensor([4, 5]));
  expect(stackSteps([])).toEqual(tensor([], [0]));
});

test('accumulateSteps sums up to each step, and leaves its argument alone', () => {
  const stacked = tensor([1, 2, 3, 4, 5, 6], [3, 2]);
  expect(accumulateSteps(stacked)).toEqual(tensor([1, 2, 4, 6, 9, 12], [3, 2]));
  expect(stacked.data[2]).toBe(3);
});

test('accumulateSteps adds in float32, as an integrator on a device does', () => {
  const steps = Array.from({ length: 20 }, (_, seed) => normalTensor(createRandom(seed), [3]));
  const sums = accumulateSteps(stackSteps(steps));
  let running = new Float32Array(3);
  steps.forEach(({ data }, step) => {
    running = running.map((sum, index) => Math.fround(sum + data[index]!));
    expect([...sums.data.slice(3 * step, 3 * step + 3)]).toEqual([...running]);
  });
});

test('accumulateSteps counts whole numbers and truth values as float32', () => {
  const stacked = tensor([1, 1, 0, 1], [2, 2], 'bool');
  expect(accumulateSteps(stacked)).toEqual(tensor([1, 1, 1, 2], [2, 2]));
});
