import { accuracyPerTimestep, logitStatistics } from '@spikeloom/cutoff';
import type { Graph } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import type { Context } from '../context.ts';
import { formatTable, percent } from '../table.ts';
import { graphAnswers } from './graph-answers.ts';

export interface EvalGraphOptions {
  readonly model: string;
  readonly dataset: string;
  readonly timesteps?: number | undefined;
  readonly backend: Backend;
}

/** Prints the accuracy on the test part of a graph, after every timestep. */
export async function evalGraph(
  graph: Graph,
  { model, dataset, timesteps, backend }: EvalGraphOptions,
  context: Context,
): Promise<void> {
  const began = performance.now();
  const options = { dataset, part: 'test', backend, timesteps } as const;
  const answers = await graphAnswers(graph, options, context);
  const accuracy = accuracyPerTimestep(logitStatistics(answers.logits, answers.labels));
  const result = {
    model,
    dataset: answers.dataset,
    samples: answers.labels.length,
    timesteps: accuracy.length,
    accuracy: accuracy.at(-1)!,
    steps: accuracy.map((right, step) => ({ timestep: step + 1, accuracy: right })),
    seconds: (performance.now() - began) / 1000,
  };
  if (context.json) {
    context.print(`${JSON.stringify(result)}\n`);
    return;
  }
  const rows = result.steps.map((one) => [String(one.timestep), percent(one.accuracy)]);
  context.print(
    `${formatTable(['timestep', 'accuracy'], rows)}\n${result.samples} ${answers.kind} of ${answers.dataset} in ${result.seconds.toFixed(1)} s\n`,
  );
}
