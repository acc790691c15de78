import { type Graph, type Tensor } from '@spikeloom/ir';
import type { Observation, Program } from '@spikeloom/runtime';
import { reportOf } from '@spikeloom/conversion';

/** The spikes of some neurons for one image. */
export interface Raster {
  readonly label: string;
  /** Grey values 0 to 255, row by row, for the picture beside the plot. */
  readonly image: { readonly width: number; readonly height: number; readonly pixels: Uint8Array };
  readonly layers: readonly string[];
  readonly spikes: readonly RasterSpike[];
}

export interface RasterSpike {
  readonly layer: string;
  readonly neuron: number;
  /** From 1. */
  readonly timestep: number;
  readonly value: number;
}

/** How many neurons of each layer to show. */
const neuronsShown = 48;

/** Runs one image and notes the spikes of some neurons, spread over each layer. */
export async function recordRaster(
  program: Program,
  inputs: Readonly<Record<string, Tensor>>,
  timesteps: number,
  layers: readonly string[],
  picture: Pick<Raster, 'label' | 'image'>,
): Promise<Raster> {
  const spikes: RasterSpike[] = [];
  const observe = ({ at, step, value }: Observation): void => {
    const stride = Math.max(1, Math.floor(value.data.length / neuronsShown));
    for (let neuron = 0; neuron < neuronsShown && neuron * stride < value.data.length; neuron++) {
      const level = value.data[neuron * stride]!;
      if (level !== 0) spikes.push({ layer: at, neuron, timestep: step + 1, value: level });
    }
  };
  await program.run(inputs, { timesteps, taps: layers.map((at) => ({ at, observe })) });
  return { ...picture, layers, spikes };
}

/** The neurons of the conversion report's first block, by the scope of the first one. */
export function firstBlockLayers(graph: Graph): string[] {
  const neurons = (reportOf(graph.metadata)?.entries ?? []).filter(
    (entry) => entry.kind === 'neuron',
  );
  const block = neurons[0]?.path.split('.').slice(0, 2).join('.');
  return neurons.map(({ path }) => path).filter((path) => path.startsWith(`${block}.`));
}
