import {
  type DType,
  type ExampleInput,
  type Random,
  sizeOf,
  type Tensor,
  tensor,
} from '@spikeloom/ir';

/** Random data of the kind an example asks for. */
export function exampleTensor(input: ExampleInput, dtype: DType, random: Random): Tensor {
  const draw = {
    normal: () => random.normal(),
    positive: () => 0.1 + 1.9 * random.uniform(),
    spikes: () => Number(random.uniform() < 0.4),
    indices: () => random.below(input.below ?? 1),
  }[input.fill ?? 'normal'];
  const data = Array.from({ length: sizeOf(input.shape) }, draw);
  return tensor(data, input.shape, dtype);
}
