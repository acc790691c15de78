import { type Tensor, tensor } from '@spikeloom/ir';

/** Class numbers as rows of a distribution, `[N, C]`. */
export function oneHot(labels: readonly number[], classes: number): Tensor {
  const rows = labels.flatMap((label) =>
    Array.from({ length: classes }, (_, index) => Number(index === label)),
  );
  return tensor(rows, [labels.length, classes]);
}
