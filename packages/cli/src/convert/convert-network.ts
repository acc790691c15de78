import {
  type ConversionProgress,
  type ConversionReport,
  type ConversionSettings,
  convert,
  type EcmtOptions,
} from '@spikeloom/conversion';
import type { ImageBatch, ImageSource } from '@spikeloom/datasets';
import { openDataset, type Split } from '@spikeloom/datasets/node';
import { createRandom, type Graph, isSpikeloomError, type Tensor } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import type { Context, Progress } from '../context.ts';
import { imagesFor } from '../images.ts';
import { registry } from '../options.ts';

/** A preset, and what is changed of it. */
export type PresetSettings =
  | ({ readonly preset: 'spikeloom' } & Partial<ConversionSettings>)
  | ({ readonly preset: 'ecmt' } & EcmtOptions);

export interface ConversionOptions {
  readonly backend: Backend;
  /** Images to calibrate on. */
  readonly count: number;
  /** Images in a batch. */
  readonly batch: number;
  /** Chooses the images; without it they are the first ones. */
  readonly seed?: number;
  readonly settings: PresetSettings;
}

/** Calibrates and converts, showing how far it is. */
export async function convertNetwork(
  trained: Graph,
  source: ImageSource,
  { backend, count, batch, seed, settings }: ConversionOptions,
  context: Context,
): Promise<{ graph: Graph; report: ConversionReport }> {
  const total = Math.min(count, source.length);
  const progress = showPhases(context, total, batch);
  try {
    return await convert(trained, {
      ...settings,
      backend,
      registry,
      data: inputsOf(trained, source, { count: total, batch, seed }, context),
      signal: context.signal,
      onProgress: progress.update,
    });
  } finally {
    progress.stop();
  }
}

/** One bar after the other: images, then places in the network. */
function showPhases(context: Context, images: number, batch: number) {
  let shown: { readonly phase: string; readonly bar: Progress } | undefined;
  return {
    update({ phase, done, total }: ConversionProgress): void {
      if (shown?.phase !== phase) {
        shown?.bar.stop();
        shown = { phase, bar: context.progress(phase, total ?? images) };
      }
      shown.bar.update(total === undefined ? Math.min(done * batch, images) : done);
    },
    stop: () => shown?.bar.stop(),
  };
}

/** Batches for the calibration, with a pause after each in which Ctrl-C gets through. */
async function* inputsOf(
  trained: Graph,
  source: ImageSource,
  options: { readonly count: number; readonly batch: number; readonly seed: number | undefined },
  context: Context,
): AsyncGenerator<Readonly<Record<string, Tensor>>> {
  const { count, batch: size, seed } = options;
  const images = imagesFor(trained, source);
  // Drawn from all images of the source.
  const wanted = seed === undefined ? { size, count } : { size, random: createRandom(seed) };
  let left = count;
  for await (const batch of source.batches(wanted)) {
    yield images.encode(left < batch.labels.length ? firstImages(batch, left) : batch);
    left -= batch.labels.length;
    await new Promise(setImmediate);
    if (context.cancelled || left <= 0) return;
  }
}

function firstImages(batch: ImageBatch, count: number): ImageBatch {
  const [, ...sides] = batch.shape;
  const size = batch.pixels.length / batch.labels.length;
  return {
    shape: [count, ...sides],
    pixels: batch.pixels.subarray(0, count * size),
    labels: batch.labels.subarray(0, count),
    indices: batch.indices.slice(0, count),
  };
}

/** Opens the images to set thresholds on: the train split if there is one, unless another one is wanted. */
export async function openCalibrationData(
  name: string,
  split: Split | undefined,
  context: Context,
): Promise<ImageSource> {
  if (split) return openDataset(name, { split });
  try {
    return await openDataset(name, { split: 'train' });
  } catch (error) {
    if (!isSpikeloomError(error) || error.code !== 'not-found') throw error;
    const source = await openDataset(name, { split: 'test' });
    context.say('note: there is no train split, so the thresholds are set on test images');
    return source;
  }
}
