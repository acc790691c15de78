import { type Graph, graphInputs, type Json, SpikeloomError, type Tensor } from '@spikeloom/ir';
import { sghormer, type SghormerOptions } from '@spikeloom/models';
import { type Backend, throwIfAborted } from '@spikeloom/runtime';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { changes } from '../repro/sghormer/anytime.ts';
import type { ClassifierTask } from '../repro/sghormer/classifier-task.ts';
import type { Scored } from '../repro/sghormer/scores.ts';
import { score, withMeasuredNorms } from '../repro/sghormer/train-classifier.ts';
import { openGraphTask } from './graph-task.ts';
import { requireSplit } from './train-on-graph.ts';

/** What a network on graphs answers for one part of the data, after every timestep. */
export interface GraphAnswers {
  readonly dataset: string;
  readonly kind: ClassifierTask['kind'];
  /** `[T, N, classes]`: what each timestep adds. */
  readonly logits: Tensor;
  readonly labels: Int32Array;
}

export interface GraphAnswersOptions {
  readonly dataset: string;
  readonly part: 'validation' | 'test';
  readonly backend: Backend;
  /** At most what the network was trained for. */
  readonly timesteps?: number | undefined;
}

const metadataSchema = v.object({ rowSums: v.boolean(), split: v.number() });
const usual = { rowSums: false, split: 1 };
/** Graphs of a set in a batch; nothing is learnt from it here. */
const batch = 32;

/** Whether a network takes graphs rather than images. */
export function isGraphNetwork(graph: Graph): boolean {
  return graphInputs(graph).has('edges');
}

/**
 * A layer of SGHormer waits for the whole train of the layer before, so what it answers after t timesteps is what
 * the network says when all of it runs for t, with its normalisations measured at that length. Other networks answer
 * at once.
 */
export async function graphAnswers(
  graph: Graph,
  { dataset, part, backend, timesteps }: GraphAnswersOptions,
  context: Context,
): Promise<GraphAnswers> {
  const parsed = v.safeParse(metadataSchema, graph.metadata['graph']);
  const { rowSums, split } = parsed.success ? parsed.output : usual;
  const plan = { epochs: 1, every: 1, patience: 1, dropouts: [], decay: 0, runs: 1 };
  const task = await openGraphTask(dataset, { rowSums, batch, plan });
  requireSplit(dataset, split, task.splits);
  const { training, evaluation } = task.lesson(split);
  if (evaluation.every((one) => one[part].length === 0)) {
    throw new SpikeloomError({
      code: 'empty-batch',
      path: dataset,
      message: `the split has no ${part} part`,
    });
  }
  const lengths = lengthsOf(graph, timesteps);
  const progress = context.progress('running', lengths.length);
  const steps: Scored[] = [];
  try {
    for (const { length, network } of lengths) {
      throwIfAborted(context.signal);
      const ready = network
        ? await withMeasuredNorms(network, task.kind, training, backend)
        : graph;
      steps.push(await score(ready, task.kind, evaluation, part, backend));
      progress.update(length);
      // Lets Ctrl-C through.
      await new Promise(setImmediate);
    }
  } finally {
    progress.stop();
  }
  return {
    dataset: task.title,
    kind: task.kind,
    logits: changes(steps),
    labels: steps[0]!.labels,
  };
}

interface Length {
  readonly length: number;
  /** The network for so many timesteps; none for the one that is there. */
  readonly network?: Graph;
}

function lengthsOf(graph: Graph, wanted: number | undefined): readonly Length[] {
  const { family, architecture } = graph.metadata;
  const own = family === 'sghormer' ? timestepsIn(architecture) : 1;
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= own)) {
    throw new SpikeloomError({
      code: 'invalid-timesteps',
      path: graph.name,
      message: 'the network was trained for fewer timesteps, or the number is none',
      expected: `1 to ${own}`,
      got: `${wanted}`,
    });
  }
  return Array.from({ length: wanted ?? own }, (_, index): Length => {
    const length = index + 1;
    if (length === own) return { length };
    const options = { ...(architecture as unknown as SghormerOptions), timesteps: length };
    return { length, network: { ...sghormer(options), weights: graph.weights } };
  });
}

function timestepsIn(architecture: Json | undefined): number {
  const parsed = v.safeParse(v.object({ timesteps: v.number() }), architecture);
  return parsed.success ? parsed.output.timesteps : 1;
}
