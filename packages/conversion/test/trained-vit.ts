import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { tensorsOf } from '@spikeloom/checkpoint';
import { readSafetensorsFile } from '@spikeloom/checkpoint/node';
import { fashionMnistNormalisation, type ImageSource, normalise } from '@spikeloom/datasets';
import type { Graph } from '@spikeloom/ir';
import { loadVit, type VitOptions } from '@spikeloom/models';

/** The Vision Transformer that was trained on Fashion-MNIST. */
export async function loadTrained(): Promise<Graph> {
  const asset = (name: string): string =>
    fileURLToPath(new URL(`../../cli/assets/vit-fashion-mnist.${name}`, import.meta.url));
  const config = JSON.parse(await readFile(asset('json'), 'utf8')) as VitOptions;
  return loadVit(config, tensorsOf(await readSafetensorsFile(asset('safetensors'))));
}

/** Images as the network wants them, with their labels. */
export async function* batches(source: ImageSource, size: number, count: number) {
  for await (const batch of source.batches({ size, count })) {
    yield { image: normalise(batch, fashionMnistNormalisation), labels: batch.labels };
  }
}
