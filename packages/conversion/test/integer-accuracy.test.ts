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

/** Which of the images a network is right about after its last timestep, and what it answers. */
async function answersOf(graph: Graph, mode: Mode, timesteps: number) {
  const program = await wasmBackend({ mode }).compile(graph, { registry });
  let right = 0;
  const answers: number[] = [];
  const sums: number[] = [];
  for await (const batch of batches(await fashionMnistSample('test'), 125, images)) {
    const { logits } = await program.run({ image: batch.image }, { timesteps });
    const last = stepsOf(accumulateSteps(logits!)).at(-1)!;
    predictions(last).forEach((answer, index) => {
      right += Number(answer === batch.labels[index]);
      answers.push(answer);
    });
    sums.push(...last.data);
  }
  program.dispose();
  return { right, answers, sums };
}

describe.each([
  ['ecmt', 8],
  ['spikeloom', 2],
] as const)('the ViT trained on Fashion-MNIST, converted with the preset %s', (preset, steps) => {
  test('loses at most 0.2 points to int16, and a point to int8', async () => {
    const training: { image: Tensor }[] = [];
    for await (const { image } of batches(await fashionMnistSample('train'), 100, 300))
      training.push({ image });
    const settings = { backend: wasmBackend(), registry, data: training };
    const { graph } = await convert(await loadTrained(), { preset, ...settings });
    const exact = await answersOf(graph, 'float32', steps);
    expect(exact.right).toBeGreaterThan(0.88 * images);
    for (const [mode, most] of [
      ['int16', 0.002],
      ['int8', 0.01],
    ] as const) {
      const rounded = await answersOf(graph, mode, steps);
      expect((exact.right - rounded.right) / images, mode).toBeLessThanOrEqual(most);
      const same = exact.answers.filter((answer, index) => answer === rounded.answers[index]);
      expect(same.length / images, mode).toBeGreaterThan(0.97);
      // Rounded they were.
      expect(rounded.sums).not.toEqual(exact.sums);
    }
  }, 300_000);
});
