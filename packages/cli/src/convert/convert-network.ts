import { convertEcmt, type ConversionReport } from '@spikeloom/conversion';
import type { ImageSource } from '@spikeloom/datasets';
import { openDataset, type Split } from '@spikeloom/datasets/node';
import { type Graph, isSpikeloomError } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import type { Context } from '../context.ts';
import { imagesFor } from '../images.ts';
import { registry } from '../options.ts';

/** Calibrates and converts, showing how far it is. */
export async function convertNetwork(
  trained: Graph,
  source: ImageSource,
  options: {
    readonly backend: Backend;
    readonly count: number;
    readonly batch: number;
    readonly percentile?: number;
  },
  context: Context,
): Promise<{ graph: Graph; report: ConversionReport }> {
  const images = imagesFor(trained, source, options.count);
  const progress = context.progress('calibrating', images.length);
  try {
    return await convertEcmt(trained, {
      backend: options.backend,
      registry,
      data: inputsOf(images.batches(options.batch), context),
      ...(options.percentile === undefined ? {} : { percentile: options.percentile }),
      signal: context.signal,
      onProgress: (batches) => progress.update(Math.min(batches * options.batch, images.length)),
    });
  } finally {
    progress.stop();
  }
}

/** Batches for the calibration, with a pause after each in which Ctrl-C gets through. */
async function* inputsOf<T>(
  batches: AsyncIterable<{ readonly inputs: T }>,
  context: Context,
): AsyncGenerator<T> {
  for await (const { inputs } of batches) {
    yield inputs;
    await new Promise(setImmediate);
    if (context.cancelled) return;
  }
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
