import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { tensorsOf } from '@spikeloom/checkpoint';
import { readSafetensorsFile } from '@spikeloom/checkpoint/node';
import type { Graph } from '@spikeloom/ir';
import { loadVit, type VitOptions } from '@spikeloom/models';

/** The Vision Transformer that comes with this package, trained on Fashion-MNIST. */
export async function loadBundled(): Promise<Graph> {
  const asset = (name: string): string =>
    fileURLToPath(new URL(`../assets/${name}`, import.meta.url));
  const config = JSON.parse(await readFile(asset('vit-fashion-mnist.json'), 'utf8')) as VitOptions;
  return loadVit(
    config,
    tensorsOf(await readSafetensorsFile(asset('vit-fashion-mnist.safetensors'))),
  );
}
