import { SpikeloomError } from '@spikeloom/ir';

/** `[N, H, W]` is one channel. */
export function imageShapeOf(shape: readonly number[], path: string): [number, number, number] {
  const [, height, width] = shape;
  if (shape.length === 3 && height && width) return [1, height, width];
  throw new SpikeloomError({
    code: 'corrupt-file',
    path,
    message: 'the file does not hold grey images',
    expected: '[images, height, width]',
    got: `[${shape.join(', ')}]`,
  });
}
