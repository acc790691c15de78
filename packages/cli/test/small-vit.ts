import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromTensor, writeSafetensors } from '@spikeloom/checkpoint';
import { createRandom, sizeOf, tensor, type Tensor } from '@spikeloom/ir';
import { vit, type VitOptions } from '@spikeloom/models';

/** A ViT unlike the bundled one: patch 7, two blocks of width 24, six classes. */
export const smallVit: VitOptions = {
  image: [1, 28, 28],
  patch: 7,
  dim: 24,
  depth: 2,
  heads: 2,
  mlp: 40,
  classes: 6,
  preprocess: { mean: [0.5], std: [0.25] },
};

/** Seeded random tensors for every parameter. */
export function randomWeights(): Map<string, Tensor> {
  const random = createRandom(5);
  return new Map(
    vit(smallVit)
      .nodes.filter(({ op }) => op === 'spikeloom/param')
      .map(({ id, outputs }) => {
        const shape = outputs['out']!.shape as readonly number[];
        const scale = /norm\d?\.weight/.test(id) ? 0.1 : 0.3;
        const offset = /norm\d?\.weight/.test(id) ? 1 : 0;
        return [
          id,
          tensor(
            Array.from({ length: sizeOf(shape) }, () => offset + scale * random.normal()),
            shape,
          ),
        ];
      }),
  );
}

/** Writes checkpoint and configuration; returns their paths. */
export function writeSmallVit(folder: string): { checkpoint: string; config: string } {
  const checkpoint = join(folder, 'vit.safetensors');
  const config = join(folder, 'vit.json');
  const tensors = new Map([...randomWeights()].map(([name, weight]) => [name, fromTensor(weight)]));
  writeFileSync(checkpoint, writeSafetensors({ tensors, metadata: new Map() }));
  writeFileSync(config, JSON.stringify(smallVit));
  return { checkpoint, config };
}
