import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromTensor, writeSafetensors } from '@spikeloom/checkpoint';
import type { Tensor } from '@spikeloom/ir';
import {
  checkpoint,
  dict,
  int,
  tensor as pickled,
  text,
  whole,
} from '../../checkpoint/test/pickle-bytes.ts';
import { golden, graph } from '../../models/test/fashion-resformer.ts';

/** The weights of the network that was trained with the reference code, under their published names. */
export const fashionWeights: ReadonlyMap<string, Tensor> = graph.weights;

/** What that network is, as the configuration of the variant `custom`. */
export const fashionConfig = {
  image: [1, 32, 32],
  planes: [16, 48, 96],
  heads: [1, 3, 6],
  patches: [4, 2, 1],
  depths: [1, 1, 1],
  stem: { kernel: 3, stride: 2, pool: false },
  groupSize: 16,
  preprocess: { mean: [0.286], std: [0.353], padding: 2 },
};

export function safetensorsOf(weights: ReadonlyMap<string, Tensor>): Uint8Array {
  const tensors = new Map([...weights].map(([name, weight]) => [name, fromTensor(weight)]));
  return writeSafetensors({ tensors, metadata: new Map() });
}

/** A training checkpoint as the reference code saves one: the weights under `model`, and other things. */
export function pytorchOf(weights: ReadonlyMap<string, Tensor>): Uint8Array {
  const entries = [...weights].map(([name, { shape, data }], index) => {
    const key = `storage${index}`;
    const strides = shape.map((_, axis) =>
      shape.slice(axis + 1).reduce((product, dim) => product * dim, 1),
    );
    const parts = { key: text(key), length: data.length, shape, strides };
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, value: pickled(parts), file: [`archive/data/${key}`, { data: bytes }] as const };
  });
  const model = dict(Object.fromEntries(entries.map(({ name, value }) => [name, value])));
  const data = whole(dict({ model, epoch: int(319) }));
  return checkpoint(data, Object.fromEntries(entries.map(({ file }) => file)));
}

/** Writes recorded images as the files of a data set; returns the folder. */
export function writeFashionImages(folder: string, count: number): string {
  const path = join(folder, `images-${count}`);
  mkdirSync(path);
  const [images, labels] = ['images', 'labels'].map((name) => golden.tensor(name).data);
  const header = (magic: number, ...sizes: readonly number[]): Uint8Array => {
    const bytes = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
    [magic, ...sizes].forEach((value, index) => bytes.setUint32(4 * index, value));
    return new Uint8Array(bytes.buffer);
  };
  const write = (name: string, ...parts: readonly Uint8Array[]): void =>
    writeFileSync(join(path, name), Buffer.concat(parts));
  const pixels = Uint8Array.from(images!.subarray(0, count * 784));
  write('t10k-images-idx3-ubyte', header(0x803, count, 28, 28), pixels);
  write('t10k-labels-idx1-ubyte', header(0x801, count), Uint8Array.from(labels!.slice(0, count)));
  return path;
}
