import { allocate, sizeOf, type Tensor } from '@spikeloom/ir';

/** Joins the tensors of all timesteps along a new first axis, time. */
export function stackSteps(steps: readonly Tensor[]): Tensor {
  const [first] = steps;
  if (first === undefined) return { shape: [0], dtype: 'float32', data: new Float32Array() };
  const size = sizeOf(first.shape);
  const data = allocate(first.dtype, size * steps.length);
  steps.forEach((step, index) => data.set(step.data, index * size));
  return { shape: [steps.length, ...first.shape], dtype: first.dtype, data };
}

/** Sums up over time: entry t is the sum of the entries up to t. What cutoff policies look at. */
export function accumulateSteps(stacked: Tensor): Tensor {
  const size = sizeOf(stacked.shape.slice(1));
  const data = Float32Array.from(stacked.data);
  for (let index = size; index < data.length; index++) data[index]! += data[index - size]!;
  return { ...stacked, dtype: 'float32', data };
}
