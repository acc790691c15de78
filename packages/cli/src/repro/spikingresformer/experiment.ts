import { join } from 'node:path';
import { isSpikeloomError, withMetadata } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import { sourceData } from '@spikeloom/training';
import type { Context } from '../../context.ts';
import { imagesFor } from '../../images.ts';
import { registry } from '../../options.ts';
import { showEpochs } from '../../training/show-epochs.ts';
import { openFashionMnist } from '../fashion-mnist.ts';
import { judgeSmallNetwork } from './judge.ts';
import { buildSmallNetwork, recipe, trainSmallNetwork } from './small-network.ts';
import { type Finished, openSmallStore } from './store.ts';

/** How much of the training is done. */
export interface Scale {
  readonly epochs: number;
  readonly trainingImages: number;
  readonly testImages: number;
}

export interface ExperimentOptions {
  readonly scale: Scale;
  readonly backend: Backend;
  /** What is finished or begun here is not done again. */
  readonly folder: string;
}

/** What a training depends on, but for the scale. */
const seed = 1;

/** Trains the reduced variant on Fashion-MNIST and judges it, as far as that is not done yet. */
export async function runExperiment(
  { scale, backend, folder }: ExperimentOptions,
  context: Context,
): Promise<Finished & { readonly isWhole: boolean }> {
  const [train, test] = [await openFashionMnist('train'), await openFashionMnist('test')];
  const isWhole = train.isWhole && test.isWhole;
  const key = JSON.stringify({ ...recipe, ...scale, seed, isWhole });
  const store = await openSmallStore(folder, key, registry);
  const known = await store.finished();
  if (known) return { ...known, isWhole };

  const untrained = buildSmallNetwork(seed);
  const { encode } = imagesFor(untrained, train.source);
  const data = sourceData(train.source, encode, { count: scale.trainingImages });
  const begun = await store.underWay();
  if (begun) context.say('note: going on from the checkpoint in that folder');
  const began = performance.now() - 1000 * (begun?.seconds ?? 0);
  const elapsed = (): number => (performance.now() - began) / 1000;
  const screen = showEpochs(context);
  try {
    const { graph, state } = await trainSmallNetwork(untrained, data, {
      backend,
      registry,
      seed,
      epochs: scale.epochs,
      resume: begun?.state,
      onCheckpoint: (checkpoint) => store.checkpoint({ state: checkpoint, seconds: elapsed() }),
      onProgress: screen.step,
      onEpoch: screen.epoch,
      signal: context.signal,
    });
    const seconds = elapsed();
    const network = withMetadata(graph, { timesteps: recipe.timesteps });
    const judgement = await judgeSmallNetwork(
      network,
      test.source,
      { backend, count: scale.testImages },
      context,
    );
    const result = {
      ...judgement,
      epochs: scale.epochs,
      steps: state.trainer.iteration,
      imagesSeen: scale.epochs * data.size,
      seconds,
    };
    await store.finish({ result, graph: network });
    return { result, graph: network, isWhole };
  } catch (error) {
    if (isSpikeloomError(error) && error.code === 'aborted')
      context.say('stopped; the same command goes on from the last checkpoint');
    throw error;
  } finally {
    screen.stop();
  }
}

/** Where the training of a scale is kept. */
export function folderOf(out: string, quick: boolean): string {
  return join(out, quick ? 'quick' : 'whole');
}
