import { type Tensor, tensor } from '@spikeloom/ir';
import { loadSpikingResformer, type SpikingResformerOptions } from '@spikeloom/models';
import { openGolden } from '../../attention/test/golden.ts';

export const golden = openGolden('fashion_resformer', new URL('golden/', import.meta.url));

/** The reduced network that was trained on Fashion-MNIST with the reference code. */
const options: SpikingResformerOptions = {
  variant: 'custom',
  image: [1, 32, 32],
  planes: [16, 48, 96],
  heads: [1, 3, 6],
  patches: [4, 2, 1],
  depths: [1, 1, 1],
  stem: { kernel: 3, stride: 2, pool: false },
  groupSize: 16,
};

const prefix = 'weights.';
export const graph = loadSpikingResformer(
  options,
  new Map(
    golden.names
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), golden.tensor(name)]),
  ),
);

export const timesteps = 4;
export const labels: readonly number[] = [...golden.tensor('labels').data];
const recorded = golden.tensor('images').data;

/** Recorded images as the network takes them. */
export function imagesOf(start: number, count: number): Tensor {
  return withMargin(recorded.subarray(784 * start, 784 * (start + count)));
}

/** Images as the network takes them: a margin of 2 black pixels, then normalised. */
export function withMargin(pixels: ArrayLike<number>): Tensor {
  const count = pixels.length / 784;
  const image = new Float32Array(count * 32 * 32);
  for (let index = 0; index < image.length; index++) {
    const [sample, row, column] = [
      Math.floor(index / 1024),
      (Math.floor(index / 32) % 32) - 2,
      (index % 32) - 2,
    ];
    const isInside = row >= 0 && row < 28 && column >= 0 && column < 28;
    const pixel = isInside ? pixels[(sample * 28 + row) * 28 + column]! : 0;
    image[index] = (Math.fround(pixel / 255) - 0.286) / 0.353;
  }
  return tensor(image, [count, 1, 32, 32]);
}

/** The recorded logits of an image at a timestep. */
export function recordedLogits(step: number, image: number): Float32Array {
  const all = golden.tensor('logits');
  const start = (step * all.shape[1]! + image) * 10;
  return all.data.slice(start, start + 10) as Float32Array;
}
