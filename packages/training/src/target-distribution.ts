import { SpikeloomError, type Tensor, tensor } from '@spikeloom/ir';

/** Class numbers as one-hot rows `[N, C]`; distributions as they are. */
export function targetDistribution(
  target: ArrayLike<number> | Tensor,
  samples: number,
  classes: number,
): Tensor {
  if ('dtype' in target) return target;
  if (target.length !== samples) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: 'target',
      message: 'every sample has one label',
      expected: `${samples}`,
      got: `${target.length}`,
    });
  }
  const rows = new Float32Array(samples * classes);
  for (let sample = 0; sample < samples; sample++) {
    const label = target[sample]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new SpikeloomError({
        code: 'invalid-argument',
        path: `target[${sample}]`,
        message: 'a label is the number of a class',
        expected: `0 to ${classes - 1}`,
        got: `${label}`,
      });
    }
    rows[sample * classes + label] = 1;
  }
  return tensor(rows, [samples, classes]);
}

/** How many rows have a target; in a distribution, rows of zeros have none, such as nodes that are not trained on. */
export function targetCount(target: ArrayLike<number> | Tensor): number {
  if (!('dtype' in target)) return target.length;
  const { shape, data } = target;
  const classes = shape[1] ?? 1;
  let count = 0;
  for (let row = 0; row < data.length; row += classes)
    count += Number(data.subarray(row, row + classes).some((share) => share > 0));
  return count;
}
