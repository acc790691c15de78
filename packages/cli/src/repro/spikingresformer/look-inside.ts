import type { ImageSource } from '@spikeloom/datasets';
import type { Graph } from '@spikeloom/ir';
import { type Backend, neuronLayers } from '@spikeloom/runtime';
import { imagesFor } from '../../images.ts';
import { registry } from '../../options.ts';
import { type Raster, recordRaster } from '../../raster.ts';
import { type AttentionPicture, recordAttention } from './attention-maps.ts';
import { openAttention } from './open-attention.ts';
import { recipe } from './small-network.ts';

/** What the report shows of single images. */
export interface Inside {
  readonly raster: Raster;
  readonly pictures: readonly AttentionPicture[];
}

/** How many images to show. */
const shown = 6;

/** Runs some images once more for the report. */
export async function lookInside(
  trained: Graph,
  source: ImageSource,
  backend: Backend,
): Promise<Inside> {
  const graph = openAttention(trained, registry);
  const { timesteps } = recipe;
  const program = await backend.compile(graph, { registry });
  try {
    const images = imagesFor(graph, source, shown);
    const { value: batch } = await images.batches(shown).next();
    const pictures = await recordAttention(trained, program, batch!, timesteps, source.classNames);
    const { value: one } = await images.batches(1).next();
    const layers = neuronLayers(graph, registry, 'layers.0.*').map(({ path }) => path);
    const raster = await recordRaster(program, one!.inputs, timesteps, layers, pictures[0]!);
    return { raster, pictures };
  } finally {
    program.dispose();
  }
}
