import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { readSafetensors, tensorsOf } from '@spikeloom/checkpoint';
import { normalise } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { createRegistry, type Graph, type Tensor } from '@spikeloom/ir';
import { loadConvNet, loadResnet, loadVit, type Preprocess } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';

/** A folder with networks and images of other people, which do not come with the sources. */
const folder = process.env['SPIKELOOM_TRAINED'];

const read = (path: string): Map<string, Tensor> => tensorsOf(readSafetensors(readFileSync(path)));

interface Network {
  readonly name: string;
  load(options: never, tensors: ReadonlyMap<string, Tensor>): Graph;
  readonly images: string;
  readonly reference: string;
  readonly count: number;
  /** What its authors promise of the logits. */
  readonly tolerance: number;
}

const mnist = { images: 'mnist-t10k-images-idx3-ubyte.gz', reference: 'mnist_t10k_logits' };
const cifar = {
  images: 'cifar10-test-lossless-first100.bin',
  reference: 'cifar10-test-lossless-first100',
};
const networks: readonly Network[] = [
  {
    name: 'vit-fmnist',
    load: loadVit,
    images: 'fashion-mnist-t10k-images-idx3-ubyte.gz',
    reference: 'fashion_mnist_t10k_logits',
    count: 200,
    tolerance: 2e-4,
  },
  { name: 'vit-cifar10-postnorm', load: loadVit, ...cifar, count: 100, tolerance: 5e-4 },
  {
    name: 'vit-mnist-torchvision-names',
    load: loadVit,
    images: mnist.images,
    reference: 'mnist_t10k_first3000_logits',
    count: 100,
    tolerance: 2e-4,
  },
  { name: 'vit-mnist-micro', load: loadVit, ...mnist, count: 1000, tolerance: 2e-4 },
  { name: 'vit-cifar10-batchnorm-ibp', load: loadVit, ...cifar, count: 100, tolerance: 1e-4 },
  { name: 'resnet20-cifar10', load: loadResnet, ...cifar, count: 100, tolerance: 1e-3 },
  { name: 'resnet8-cifar10-mlperf', load: loadResnet, ...cifar, count: 100, tolerance: 1e-3 },
  { name: 'cnn-mnist-biasfree', load: loadConvNet, ...mnist, count: 1000, tolerance: 1e-4 },
];

describe.skipIf(folder === undefined)('a trained network in the folder SPIKELOOM_TRAINED', () => {
  test.for(networks)('$name gives the logits of its reference', async (network, context) => {
    const at = join(folder!, 'models', network.name);
    const file = join(at, 'weights.safetensors');
    // One is there as ONNX alone until its tensors are written out.
    context.skip(!existsSync(file), `no ${file}`);
    const config = JSON.parse(
      readFileSync(new URL(`trained/${network.name}.json`, import.meta.url), 'utf8'),
    ) as { readonly preprocess: Pick<Preprocess, 'mean' | 'std'> & { readonly scale?: number } };
    const graph = network.load(config as never, read(file));
    const program = await wasmBackend().compile(graph, { registry: createRegistry() });
    const images = await openDataset(join(folder!, 'images', network.images), { split: 'test' });
    const expected = read(join(at, 'reference_logits.safetensors')).get(network.reference)!;
    let worst = 0;
    let seen = 0;
    for await (const batch of images.batches({ size: 50, count: network.count })) {
      const image = normalise(batch, { scale: 1 / 255, ...config.preprocess });
      const { logits } = await program.run({ image }, { timesteps: 1 });
      for (const value of logits!.data) {
        worst = Math.max(worst, Math.abs(value - expected.data[seen++]!));
      }
    }
    expect(seen).toBe(network.count * 10);
    expect(worst).toBeLessThan(network.tolerance);
  });
});
