import { type GraphData, nodeInputs, nodeTargets } from '@spikeloom/datasets';
import { SpikeloomError } from '@spikeloom/ir';
import type { ClassifierTask, Plan } from './classifier-task.ts';

export interface NodeTaskOptions {
  readonly id: string;
  readonly title: string;
  /** Whether rows of features are divided by their sums. */
  readonly rowSums: boolean;
  readonly plan: Plan;
}

/** The nodes of a graph, all of them seen in training, those of a split by their classes too. */
export function nodeTask(graph: GraphData, options: NodeTaskOptions): ClassifierTask {
  const { id, title, rowSums, plan } = options;
  const { features, labels, classes, splits, nodes } = graph;
  if (!features || !labels || classes === undefined || splits.length === 0) {
    throw new SpikeloomError({
      code: 'missing-input',
      path: id,
      message: 'the graph lacks what its nodes could be classified by',
      expected: 'features, labels and a split',
    });
  }
  const inputs = nodeInputs(graph, { features: 'sparse', rowSums });
  return {
    id,
    title,
    kind: 'nodes',
    shape: { features: features.columns, classes, task: 'nodes', input: 'sparse', nodes },
    plan,
    splits: splits.length,
    lesson(run) {
      const { train, validation, test } = splits[(run - 1) % splits.length]!;
      if (test.length === 0) {
        throw new SpikeloomError({
          code: 'empty-batch',
          path: id,
          message: `split ${((run - 1) % splits.length) + 1} has no node to test on`,
        });
      }
      return {
        training: [{ inputs, target: nodeTargets(graph, train) }],
        evaluation: [{ inputs, labels, validation, test }],
      };
    },
    examples: [
      {
        inputs,
        sizes: {
          nodes,
          edges: inputs['edges']!.shape[1]!,
          nonZeros: inputs['values']!.shape[0]!,
        },
      },
    ],
  };
}
