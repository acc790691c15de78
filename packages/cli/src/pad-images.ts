import type { ImageBatch } from '@spikeloom/datasets';

type Pixels = Pick<ImageBatch, 'shape' | 'pixels'>;

/** Adds a black margin to images, `padding` pixels on every side. */
export function padImages(images: Pixels, padding: number): Pixels {
  if (padding === 0) return images;
  const [count, channels, height, width] = images.shape;
  const [tall, wide] = [height + 2 * padding, width + 2 * padding];
  const pixels = new Uint8Array(count * channels * tall * wide);
  for (let row = 0; row < count * channels * height; row++) {
    const plane = Math.floor(row / height);
    const to = (plane * tall + padding + (row % height)) * wide + padding;
    pixels.set(images.pixels.subarray(row * width, (row + 1) * width), to);
  }
  return { shape: [count, channels, tall, wide], pixels };
}
