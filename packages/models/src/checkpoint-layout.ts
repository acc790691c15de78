import type { Tensor } from '@spikeloom/ir';

/**
 * How a checkpoint names and stores the tensors of a layer. `keras`: `layer/kernel` instead of `layer.weight`,
 * with the axes of kernels the other way round.
 */
export type CheckpointLayout = 'pytorch' | 'keras';

/** The name of a layer's tensor. `isNorm`: whether the layer is a normalisation. */
export function tensorName(
  layout: CheckpointLayout,
  layer: string,
  tensor: string,
  isNorm: boolean,
): string {
  if (layout === 'pytorch') return `${layer}.${tensor}`;
  const inKeras = isNorm ? kerasNormNames[tensor] : tensor === 'weight' ? 'kernel' : undefined;
  return `${layer}/${inKeras ?? tensor}`;
}

const kerasNormNames: Readonly<Record<string, string>> = {
  weight: 'gamma',
  bias: 'beta',
  running_mean: 'moving_mean',
  running_var: 'moving_variance',
};

/**
 * Weights `[inputs, outputs]` or `[height, width, inputs, outputs]` as `[outputs, inputs]` or
 * `[outputs, inputs, height, width]`; tensors of another rank as they are.
 */
export function outputsFirst(tensor: Tensor): Tensor {
  if (tensor.shape.length === 2) return permute(tensor, [1, 0]);
  return tensor.shape.length === 4 ? permute(tensor, [3, 2, 0, 1]) : tensor;
}

function permute({ shape, dtype, data }: Tensor, axes: readonly number[]): Tensor {
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((size, length) => size * length, 1),
  );
  const turned = axes.map((axis) => ({ size: shape[axis]!, stride: strides[axis]! }));
  const result = data.slice();
  for (let index = 0; index < result.length; index++) {
    let [rest, from] = [index, 0];
    for (const { size, stride } of turned.toReversed()) {
      from += (rest % size) * stride;
      rest = Math.floor(rest / size);
    }
    result[index] = data[from]!;
  }
  return { shape: turned.map(({ size }) => size), dtype, data: result };
}
