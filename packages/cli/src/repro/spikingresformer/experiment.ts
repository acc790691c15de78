import type { ImageSource } from '@spikeloom/datasets';
import { isSpikeloomError, withMetadata } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import { sourceData } from '@spikeloom/training';
import type { Context } from '../../context.ts';
import { imagesFor } from '../../images.ts';
import { registry } from '../../options.ts';
import { showEpochs } from '../../training/show-epochs.ts';
import { openFashionMnist } from '../fashion-mnist.ts';
import { judgeSmallNetwork } from './judge.ts';
import { type Inside, lookInside } from './look-inside.ts';
import { buildSmallNetwork, recipe, trainSmallNetwork } from './small-network.ts';
import { type Finished, openSmallStore, type SmallStore } from './store.ts';

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

/** A network that was trained, now or before, and what it showed. */
export interface Experiment extends Finished {
  /** Whether the data are the whole set or the sample that comes with Spikeloom. */
  readonly isWhole: boolean;
  readonly inside: Inside;
}

/** Decides the first weights, the order of the images and which are mirrored. */
const seed = 1;

/** Trains the reduced variant on Fashion-MNIST and judges it, as far as that is not done yet. */
export async function runExperiment(
  options: ExperimentOptions,
  context: Context,
): Promise<Experiment> {
  const [train, test] = [await openFashionMnist('train'), await openFashionMnist('test')];
  const isWhole = train.isWhole && test.isWhole;
  const key = JSON.stringify({ ...recipe, ...options.scale, seed, isWhole });
  const store = await openSmallStore(options.folder, key, registry);
  const finished =
    (await store.finished()) ??
    (await trainAndJudge({ ...options, store, train: train.source, test: test.source }, context));
  const inside = await lookInside(finished.graph, test.source, options.backend);
  return { ...finished, isWhole, inside };
}

interface Work extends ExperimentOptions {
  readonly store: SmallStore;
  readonly train: ImageSource;
  readonly test: ImageSource;
}

async function trainAndJudge(
  { scale, backend, store, train, test }: Work,
  context: Context,
): Promise<Finished> {
  const untrained = buildSmallNetwork(seed);
  const { encode } = imagesFor(untrained, train);
  const data = sourceData(train, encode, { count: scale.trainingImages });
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
      test,
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
    const finished = { result, graph: network };
    await store.finish(finished);
    return finished;
  } catch (error) {
    if (isSpikeloomError(error) && error.code === 'aborted')
      context.say('stopped; the same command goes on from the last checkpoint');
    throw error;
  } finally {
    screen.stop();
  }
}
