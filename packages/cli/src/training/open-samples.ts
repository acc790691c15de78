import { openDataset } from '@spikeloom/datasets/node';
import { type Graph } from '@spikeloom/ir';
import { sourceData, type TrainingData } from '@spikeloom/training';
import { imagesFor } from '../images.ts';
import type { EventsConfig } from './dataset-config.ts';
import { frameSamples } from './frame-samples.ts';
import { openEvents } from './open-events.ts';

/** A part of a data set that a network can learn from. */
export interface Samples {
  /** `[channels, height, width]` of an image or a frame. */
  readonly imageShape: readonly number[];
  readonly classNames?: readonly string[];
  /** Whether every timestep has a frame of its own. */
  readonly isSequence: boolean;
  /** Some of them, as the input of a network. Throws unless they fit it. */
  dataFor(graph: Graph, part: { readonly start: number; readonly limit?: number }): TrainingData;
}

export interface OpenSamplesOptions {
  readonly name: string;
  readonly split: 'test' | 'train';
  readonly events?: EventsConfig;
  /** T. */
  readonly timesteps: number;
}

/** Opens images, or recordings of an event camera as frames. */
export async function openSamples(options: OpenSamplesOptions): Promise<Samples> {
  const { name, split, events, timesteps } = options;
  if (events) {
    const source = await openEvents(name, split, events);
    return frameSamples(source, { ...events, timesteps });
  }
  const source = await openDataset(name, { split });
  return {
    imageShape: source.imageShape,
    ...(source.classNames ? { classNames: source.classNames } : {}),
    isSequence: false,
    dataFor(graph, { start, limit }) {
      const { encode } = imagesFor(graph, source);
      return sourceData(source, encode, {
        start,
        ...(limit === undefined ? {} : { count: limit }),
      });
    },
  };
}
