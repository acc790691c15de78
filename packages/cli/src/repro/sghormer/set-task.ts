import { graphBatch, type GraphSet, type NodeSplit } from '@spikeloom/datasets';
import { createRandom } from '@spikeloom/ir';
import type { ClassifierTask, EvaluationBatch, Plan } from './classifier-task.ts';

export interface SetTaskOptions {
  readonly id: string;
  readonly title: string;
  readonly plan: Plan;
  /** Graphs in a batch. */
  readonly batch: number;
}

/** How many graphs operations are counted on. */
const counted = 16;

/** Graphs of a set, classified one by one. */
export function setTask(set: GraphSet, { id, title, plan, batch }: SetTaskOptions): ClassifierTask {
  const [first] = set.graphs;
  const all = Int32Array.from(set.graphs.keys());
  return {
    id,
    title,
    kind: 'graphs',
    shape: {
      features: first!.features!.columns,
      classes: set.classes,
      task: 'graphs',
      input: 'dense',
    },
    plan,
    splits: set.splits.length,
    lesson(run) {
      const split = set.splits[(run - 1) % set.splits.length]!;
      // Batches keep their graphs: every other one would be another training graph to prepare.
      const order = createRandom(run).shuffle([...split.train]);
      return {
        training: batchesOf(order, batch).map((members) => {
          const { inputs, labels } = graphBatch(set, members);
          return { inputs, target: labels };
        }),
        evaluation: (['validation', 'test'] as const).flatMap((part) =>
          evaluationOf(set, split, part, batch),
        ),
      };
    },
    examples: createRandom(0)
      .shuffle([...all])
      .slice(0, counted)
      .map((member) => {
        const { inputs } = graphBatch(set, [member]);
        const [nodes, edges] = [inputs['x']!.shape[0]!, inputs['edges']!.shape[1]!];
        return { inputs, sizes: { nodes, edges, graphs: 1 } };
      }),
  };
}

function evaluationOf(
  set: GraphSet,
  split: NodeSplit,
  part: 'validation' | 'test',
  batch: number,
): EvaluationBatch[] {
  const none = new Int32Array();
  return batchesOf([...split[part]], batch).map((members) => {
    const { inputs, labels } = graphBatch(set, members);
    const rows = Int32Array.from(labels.keys());
    return { inputs, labels, validation: none, test: none, [part]: rows };
  });
}

function batchesOf(members: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(members.length / size) }, (_, index) =>
    members.slice(index * size, (index + 1) * size),
  );
}
