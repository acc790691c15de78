import { attention } from '@spikeloom/attention';
import { type NumberMode, wasmBackend } from '@spikeloom/backend-wasm';
import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { beforeAll, expect, test } from 'vitest';
import { graph, imagesOf, labels, timesteps } from './fashion-resformer.ts';

const registry = createRegistry([attention, neurons]);

let exact = 0;

beforeAll(async () => {
  exact = await countRight('float32');
});

test.each(['int16', 'int8'] as const)(
  'a trained SpikingResformer loses at most 0.2 points to %s weights',
  async (mode) => {
    const rounded = await countRight(mode);
    expect(exact).toBeGreaterThan(0.8 * labels.length);
    expect((exact - rounded) / labels.length).toBeLessThanOrEqual(0.002);
  },
);

async function countRight(mode: NumberMode): Promise<number> {
  const program = await wasmBackend({ mode }).compile(graph, { registry });
  let right = 0;
  for (let start = 0; start < labels.length; start += 100) {
    const count = Math.min(100, labels.length - start);
    const { logits } = await program.run({ image: imagesOf(start, count) }, { timesteps });
    const classes = logits!.shape[2]!;
    for (let sample = 0; sample < count; sample++) {
      const sums = Array.from({ length: classes }, (_, index) =>
        Array.from({ length: timesteps }, (__, step) => {
          return logits!.data[(step * count + sample) * classes + index]!;
        }).reduce((sum, value) => sum + value, 0),
      );
      if (sums.indexOf(Math.max(...sums)) === labels[start + sample]) right += 1;
    }
  }
  program.dispose();
  return right;
}
