import { randomSplit, stratifiedFolds } from '@spikeloom/datasets';
import { createRandom, SpikeloomError } from '@spikeloom/ir';
import type { ClassifierTask, Plan } from '../repro/sghormer/classifier-task.ts';
import { nodeTask } from '../repro/sghormer/node-task.ts';
import { setTask } from '../repro/sghormer/set-task.ts';
import { openGraph } from './open-graph.ts';

export interface GraphTaskOptions {
  /** Whether rows of features are divided by their sums. */
  readonly rowSums: boolean;
  /** Graphs of a set in a batch. */
  readonly batch: number;
  readonly plan: Plan;
}

/**
 * What is to be classified in a graph or a set of graphs. Where no split came with them, one is drawn: 20 nodes of a
 * class to train on and 30 to validate, or ten folds of graphs.
 */
export async function openGraphTask(
  nameOrPath: string,
  { rowSums, batch, plan }: GraphTaskOptions,
): Promise<ClassifierTask> {
  const found = await openGraph(nameOrPath);
  const options = { id: found.name, title: found.name, plan };
  const random = createRandom(0);
  if ('graphs' in found) {
    const splits =
      found.splits.length > 0 ? found.splits : stratifiedFolds(found.labels, 10, random);
    if (found.graphs.every(({ features }) => features))
      return setTask({ ...found, splits }, { ...options, batch });
    throw new SpikeloomError({
      code: 'missing-input',
      path: found.name,
      message: 'the nodes of the graphs have no features',
    });
  }
  const isSplit = found.splits.length > 0 || !found.labels;
  const splits = isSplit ? found.splits : [randomSplit(found.labels, random)];
  return nodeTask({ ...found, splits }, { ...options, rowSums });
}
