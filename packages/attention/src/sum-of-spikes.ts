import type { Builder, Value } from '@spikeloom/ir';

/**
 * The sum of the rows or of the columns of matrices `[…, I, J]`: `[…, 1, J]` or `[…, I, 1]`. It is written
 * as a product with ones, so that a sum of spikes counts as one addition per spike and not per element.
 */
export function sumOfSpikes(b: Builder, x: Value, over: 'rows' | 'columns', name: string): Value {
  const length = Number(x.type.shape.at(over === 'rows' ? -2 : -1));
  const ones = b.broadcastTo(b.constant(1), over === 'rows' ? [1, length] : [length, 1]);
  return over === 'rows' ? b.matmul(ones, x, {}, name) : b.matmul(x, ones, {}, name);
}
