import { dssa } from '@spikeloom/attention';
import type { Graph } from '@spikeloom/ir';
import type { Program } from '@spikeloom/runtime';
import type { NetworkBatch } from '../../images.ts';
import type { Raster } from '../../raster.ts';

/** Where one attention block looks in an image. */
export interface AttentionMap {
  /** The block. */
  readonly path: string;
  readonly height: number;
  readonly width: number;
  /** For every place, row by row, the share of keys whose entry fired: mean over heads and timesteps. */
  readonly shares: readonly number[];
}

/** The attention of a network to one image, block by block. */
export interface AttentionPicture extends Pick<Raster, 'label' | 'image'> {
  readonly maps: readonly AttentionMap[];
}

/**
 * Runs images and sums up the attention maps of every block, `[N, heads, keys, places]`.
 *
 * @param trained the network as it was trained
 * @param program the same with its attention open
 */
export async function recordAttention(
  trained: Graph,
  program: Program,
  { inputs, labels, pixels, shape }: NetworkBatch,
  timesteps: number,
  classNames: readonly string[] = [],
): Promise<AttentionPicture[]> {
  const blocks = trained.nodes
    .filter(({ op }) => op === dssa.id)
    .map(({ id, outputs }) => {
      const [, , height, width] = outputs['spikes']!.shape.map(Number);
      return { path: id, height: height!, width: width! };
    });
  const totals = blocks.map(({ height, width }) =>
    Array.from(labels, () => new Float64Array(height * width)),
  );
  const taps = blocks.map(({ path }, block) => ({
    at: `${path}.activation_attn`,
    observe: ({ value }: { readonly value: { readonly data: ArrayLike<number> } }) => {
      addPlaces(totals[block]!, value.data, timesteps);
    },
  }));
  await program.run(inputs, { timesteps, taps });
  const [, , height, width] = shape;
  return Array.from(labels, (label, image) => ({
    label: classNames[label] ?? String(label),
    image: {
      width,
      height,
      pixels: pixels.subarray(image * height * width, (image + 1) * height * width),
    },
    maps: blocks.map((block, index) => ({ ...block, shares: [...totals[index]![image]!] })),
  }));
}

/** Adds one timestep's maps of all heads and keys to the places of each image. */
function addPlaces(
  images: readonly Float64Array[],
  spikes: ArrayLike<number>,
  timesteps: number,
): void {
  const size = spikes.length / images.length;
  images.forEach((places, image) => {
    const rows = size / places.length;
    for (let index = 0; index < size; index++)
      places[index % places.length]! += spikes[image * size + index]! / (rows * timesteps);
  });
}
