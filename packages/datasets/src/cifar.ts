import { SpikeloomError } from '@spikeloom/ir';
import { type ImageSource, imagesInMemory } from './image-source.ts';

const imageBytes = 3 * 32 * 32;

/** Reads the binary form of CIFAR-10 (one label byte per image) or CIFAR-100 (two; the fine one counts). */
export function readCifar(bytes: Uint8Array, name: string): ImageSource {
  const labelBytes = [1, 2].find((size) => bytes.length % (imageBytes + size) === 0);
  if (labelBytes === undefined || bytes.length === 0) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: name,
      message: 'the file is not a whole number of CIFAR records',
      expected: `a multiple of ${imageBytes + 1} (CIFAR-10) or ${imageBytes + 2} (CIFAR-100) bytes`,
      got: `${bytes.length}`,
    });
  }
  const record = imageBytes + labelBytes;
  const count = bytes.length / record;
  const pixels = new Uint8Array(count * imageBytes);
  const labels = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const start = index * record;
    labels[index] = bytes[start + labelBytes - 1]!;
    pixels.set(bytes.subarray(start + labelBytes, start + record), index * imageBytes);
  }
  return imagesInMemory({ name, imageShape: [3, 32, 32], pixels, labels });
}
