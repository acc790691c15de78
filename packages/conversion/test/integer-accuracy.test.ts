import { wasmBackend } from '@spikeloom/backend-wasm';
import { convert } from '@spikeloom/conversion';
import { predictions } from '@spikeloom/cutoff';
import { fashionMnistSample } from '@spikeloom/datasets';
import type { Graph, Tensor } from '@spikeloom/ir';
import { accumulateSteps } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { stepsOf } from './golden.ts';
import { registry } from './tiny-vit.ts';
import { batches, loadTrained } from './trained-vit.ts';

type Mode = 'float32' | 'int16' | 'int8';

const images = 1000;

/** The share of right answers over the timesteps from `first` on, and the answers and logits after the last. */
async function answersOf(graph: Graph, mode: Mode, [first, last]: readonly [number, number]) {
  const program = await wasmBackend({ mode }).compile(graph, { registry });
  let right = 0;
  const answers: number[] = [];
  const sums: number[] = [];
  for await (const batch of batches(await fashionMnistSample('test'), 125, images)) {
    const { logits } = await program.run({ image: batch.image }, { timesteps: last });
    const steps = stepsOf(accumulateSteps(logits!));
    for (const step of steps.slice(first - 1)) {
      predictions(step).forEach((answer, index) => {
        right += Number(answer === batch.labels[index]);
      });
    }
    answers.push(...predictions(steps.at(-1)!));
    sums.push(...steps.at(-1)!.data);
  }
  program.dispose();
  return { accuracy: right / images / (last - first + 1), answers, sums };
}

// At a single timestep of ECMT, noise of 1/100000 on the weights moves the accuracy by 0.3 points, in both
// directions: spikes of large neurons come or do not come.
describe.each([
  ['ecmt', [3, 8]],
  ['spikeloom', [1, 2]],
] as const)('the ViT trained on Fashion-MNIST, converted with the preset %s', (preset, steps) => {
  test('loses at most 0.2 points to int16, and half a point to int8', async () => {
    const training: { image: Tensor }[] = [];
    for await (const { image } of batches(await fashionMnistSample('train'), 100, 300))
      training.push({ image });
    const settings = { backend: wasmBackend(), registry, data: training };
    const { graph } = await convert(await loadTrained(), { preset, ...settings });
    const exact = await answersOf(graph, 'float32', steps);
    expect(exact.accuracy).toBeGreaterThan(0.88);
    for (const [mode, most] of [
      ['int16', 0.002],
      ['int8', 0.005],
    ] as const) {
      const rounded = await answersOf(graph, mode, steps);
      expect(exact.accuracy - rounded.accuracy, mode).toBeLessThanOrEqual(most);
      const same = exact.answers.filter((answer, index) => answer === rounded.answers[index]);
      expect(same.length / images, mode).toBeGreaterThan(0.97);
      // Rounded they were.
      expect(rounded.sums).not.toEqual(exact.sums);
    }
  }, 300_000);
});
