import { type Graph, type Tensor, tensor } from '@spikeloom/ir';
import { batchStatistics, withStatistics } from '@spikeloom/models';
import { type Backend, type Cancellation, throwIfAborted } from '@spikeloom/runtime';
import { adam, createTrainer, meanOutputLoss, type Optimiser } from '@spikeloom/training';
import { registry } from '../../options.ts';
import type { ClassifierTask, EvaluationBatch, Lesson, TrainingBatch } from './classifier-task.ts';
import { accuracyOf, joinScored, type Scored, scoredRows } from './scores.ts';

export interface TrainClassifierOptions {
  readonly lesson: Lesson;
  readonly learningRate: number;
  /** At most. */
  readonly epochs: number;
  readonly seed: number;
  readonly backend: Backend;
  readonly signal: Cancellation;
  readonly onEpoch?: (epoch: number) => void;
}

/** A network as it was at its best look at the validation part. */
export interface TrainedClassifier {
  readonly graph: Graph;
  readonly epoch: number;
  readonly validationAccuracy: number;
  readonly seconds: number;
}

/** Trains a classifier of nodes or graphs and keeps the epoch that is best on the validation part; the first of equals. */
export async function trainClassifier(
  network: Graph,
  { kind, plan }: ClassifierTask,
  { lesson, learningRate, epochs, seed, backend, signal, onEpoch }: TrainClassifierOptions,
): Promise<TrainedClassifier> {
  const began = performance.now();
  const trainer = createTrainer(network, {
    backend,
    registry,
    timesteps: 1,
    batch: batchName(kind),
    loss: meanOutputLoss(),
    optimiser: adamWithL2(plan.decay),
    seed,
  });
  const hasValidation = lesson.evaluation.some(({ validation }) => validation.length > 0);
  let best: Omit<TrainedClassifier, 'seconds'> | undefined;
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      for (const { inputs, target } of lesson.training) {
        await trainer.step(inputs, target, { learningRate, signal });
        await turn();
        throwIfAborted(signal);
      }
      onEpoch?.(epoch);
      const isLast = epoch === epochs;
      if (!isLast && (!hasValidation || epoch % plan.every !== 0)) continue;
      const graph = await withMeasuredNorms(trainer.graph(), kind, lesson.training, backend);
      const scored = await score(graph, kind, lesson.evaluation, 'validation', backend);
      const validationAccuracy = accuracyOf(scored);
      if (!best || validationAccuracy > best.validationAccuracy)
        best = { graph, epoch, validationAccuracy };
      if (epoch - best.epoch >= plan.patience) break;
    }
  } finally {
    trainer.dispose();
  }
  return { ...best!, seconds: (performance.now() - began) / 1000 };
}

/** The logits of one part of a split. */
export async function score(
  graph: Graph,
  kind: ClassifierTask['kind'],
  batches: readonly EvaluationBatch[],
  part: 'validation' | 'test',
  backend: Backend,
): Promise<Scored> {
  const program = await backend.compile(graph, { registry, batch: batchName(kind) });
  try {
    const parts: Scored[] = [];
    for (const batch of batches) {
      if (batch[part].length === 0) continue;
      const { logits } = await program.run(batch.inputs, { timesteps: 1 });
      parts.push(scoredRows(logits!, batch.labels, batch[part]));
    }
    return joinScored(parts);
  } finally {
    program.dispose();
  }
}

/**
 * The network with what its normalisations find in the training batches, mean over batches. What they have
 * gathered while training lags behind, and a spiking network is silent with it.
 */
export async function withMeasuredNorms(
  graph: Graph,
  kind: ClassifierTask['kind'],
  batches: readonly Pick<TrainingBatch, 'inputs'>[],
  backend: Backend,
): Promise<Graph> {
  if (!graph.nodes.some(({ op }) => op === 'spikeloom/buffer')) return graph;
  const program = await backend.compile(batchStatistics(graph, registry), {
    registry,
    batch: batchName(kind),
  });
  try {
    const found: Readonly<Record<string, Tensor>>[] = [];
    for (const { inputs } of batches) found.push(await program.run(inputs, { timesteps: 1 }));
    return withStatistics(graph, meanOf(found));
  } finally {
    program.dispose();
  }
}

/** The size name that counts what is classified. */
function batchName(kind: ClassifierTask['kind']): string {
  return kind === 'nodes' ? 'V' : 'G';
}

function meanOf(found: readonly Readonly<Record<string, Tensor>>[]): Record<string, Tensor> {
  const names = Object.keys(found[0]!);
  return Object.fromEntries(
    names.map((name) => {
      const { shape, data } = found[0]![name]!;
      const mean = Array.from(
        data,
        (_, index) => found.reduce((sum, one) => sum + one[name]!.data[index]!, 0) / found.length,
      );
      return [name, tensor(mean, shape)];
    }),
  );
}

/** Adam with L2 regularisation as part of the gradient, as in the code that graph networks are compared in. */
function adamWithL2(decay: number): Optimiser {
  const plain = adam();
  if (decay === 0) return plain;
  return {
    ...plain,
    build: (b, call) =>
      plain.build(b, { ...call, gradient: b.add(call.gradient, b.mul(call.weight, decay)) }),
  };
}

/** Lets a signal from outside arrive. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
