import { join } from 'node:path';
import { writeFile, writeModelFile } from '@spikeloom/checkpoint/node';
import { SpikeloomError } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import type { Context } from '../context.ts';
import { makeFolder } from '../make-folder.ts';
import { accuracyOf } from '../repro/sghormer/scores.ts';
import { score, trainClassifier } from '../repro/sghormer/train-classifier.ts';
import { percent } from '../table.ts';
import { openGraphTask } from './graph-task.ts';
import { buildGraphModel, parseGraphTraining } from './graph-training-config.ts';

export interface TrainOnGraphOptions {
  readonly out: string;
  readonly resume: boolean;
  readonly backend: Backend;
}

/** Trains a classifier of nodes or of graphs, and writes the one that is best on the validation part. */
export async function trainOnGraph(
  given: unknown,
  { out, resume, backend }: TrainOnGraphOptions,
  context: Context,
): Promise<void> {
  const config = parseGraphTraining(given);
  if (resume) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: out,
      message: 'a training on graphs keeps no checkpoint',
      fix: 'start it again without --resume',
    });
  }
  const { epochs, every, patience = epochs, weightDecay, learningRate, batch, seed } = config;
  const { graph: data, rowSums, split } = config.dataset;
  const plan = { epochs, every, patience, dropouts: [], decay: weightDecay, runs: 1 };
  const task = await openGraphTask(data, { rowSums, batch, plan });
  requireSplit(data, split, task.splits);
  const network = buildGraphModel(config, task.shape);
  const lesson = task.lesson(split);
  await makeFolder(out);
  await writeFile(join(out, 'config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
  const progress = context.progress('epochs', epochs);
  const trained = await trainClassifier(network, task, {
    lesson,
    learningRate,
    epochs,
    seed,
    backend,
    signal: context.signal,
    onEpoch: (epoch) => progress.update(epoch),
  }).finally(progress.stop);
  const model = join(out, 'model.safetensors');
  await writeModelFile(model, trained.graph);
  const test = await score(trained.graph, task.kind, lesson.evaluation, 'test', backend);
  const { epoch, validationAccuracy, seconds } = trained;
  const summary = {
    model,
    dataset: task.title,
    epochs: epoch,
    accuracy: accuracyOf(test),
    validationAccuracy,
    seconds,
  };
  context.print(
    context.json
      ? `${JSON.stringify(summary)}\n`
      : `${percent(summary.accuracy)} of the test part of ${task.title}, ${percent(validationAccuracy)} of the validation part, after epoch ${epoch}; ${seconds.toFixed(1)} s\nwritten to ${model}\n`,
  );
}

/** @param split from 1 */
export function requireSplit(path: string, split: number, splits: number): void {
  if (split <= splits) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path,
    message: 'there is no such split',
    expected: `1 to ${splits}`,
    got: `${split}`,
  });
}
