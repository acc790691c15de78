import { type CutoffStatistics, logitStatistics, type RecordedRun } from '@spikeloom/cutoff';
import type { Graph } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import type { Context } from '../context.ts';
import { graphAnswers } from './graph-answers.ts';

/** What cutoff policies are calibrated on and judged by. */
export interface Judged {
  /** Of the calibration, if there was one. */
  readonly statistics: CutoffStatistics | undefined;
  readonly run: RecordedRun;
  /** What a reader of the costs must know. */
  readonly caveats: readonly string[];
  readonly dataset: string;
}

export interface JudgeGraphOptions {
  readonly evaluate: string;
  readonly calibrate?: string | undefined;
  readonly timesteps?: number | undefined;
  readonly backend: Backend;
}

/** Runs a network on graphs for cutoff policies: thresholds come from the validation part, the test part judges. */
export async function judgeGraph(
  graph: Graph,
  { evaluate, calibrate, timesteps, backend }: JudgeGraphOptions,
  context: Context,
): Promise<Judged> {
  context.say('note: spikes are not counted on graphs, where all nodes run together');
  const answers = (dataset: string, part: 'validation' | 'test') =>
    graphAnswers(graph, { dataset, part, backend, timesteps }, context);
  const calibration = calibrate === undefined ? undefined : await answers(calibrate, 'validation');
  const { logits, labels, dataset } = await answers(evaluate, 'test');
  return {
    statistics: calibration && logitStatistics(calibration.logits, calibration.labels),
    run: { logits, labels, statistics: logitStatistics(logits, labels), costs: {} },
    caveats: ['what a node costs is not counted: all nodes of a graph run together'],
    dataset,
  };
}
