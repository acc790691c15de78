import { type GraphData, stochasticBlockModel } from '@spikeloom/datasets';
import { createRandom } from '@spikeloom/ir';

/** Four communities of a hundred nodes, hard to tell apart by features alone; always the same. */
export function blockModel(): GraphData {
  return stochasticBlockModel(
    {
      sizes: [100, 100, 100, 100],
      within: 0.08,
      between: 0.02,
      split: { train: 10, validation: 30 },
    },
    createRandom(1),
  );
}
