import { attention } from '@spikeloom/attention';
import { type NumberMode, wasmBackend } from '@spikeloom/backend-wasm';
import { openDataset } from '@spikeloom/datasets/node';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { beforeAll, expect, test } from 'vitest';
import { graph, timesteps, withMargin } from './fashion-resformer.ts';

const registry = createRegistry([attention, neurons]);
// So many that two or three answers near a tie do not decide.
const images = 1000;
let exact = 0;

beforeAll(async () => {
  exact = await countRight('float32');
});

test.each(['int16', 'int8'] as const)(
  'a trained SpikingResformer loses at most 0.2 points to %s weights',
  async (mode) => {
    const rounded = await countRight(mode);
    expect(exact).toBeGreaterThan(0.8 * images);
    expect((exact - rounded) / images).toBeLessThanOrEqual(0.002);
  },
);

async function countRight(mode: NumberMode): Promise<number> {
  const program = await wasmBackend({ mode }).compile(graph, { registry });
  const source = await openDataset('fashion-mnist-sample', { split: 'test' });
  let right = 0;
  for await (const { pixels, labels } of source.batches({ size: 100, count: images })) {
    const { logits } = await program.run({ image: withMargin(pixels) }, { timesteps });
    const [, count, classes] = logits!.shape as [number, number, number];
    for (let sample = 0; sample < count; sample++) {
      const sums = Array.from({ length: classes }, (_, index) =>
        Array.from({ length: timesteps }, (__, step) => {
          return logits!.data[(step * count + sample) * classes + index]!;
        }).reduce((sum, value) => sum + value, 0),
      );
      if (sums.indexOf(Math.max(...sums)) === labels[sample]) right += 1;
    }
  }
  program.dispose();
  return right;
}
