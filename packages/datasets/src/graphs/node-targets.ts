import { SpikeloomError, type Tensor, tensor } from '@spikeloom/ir';
import type { GraphData } from './graph-data.ts';

/**
 * What to train some nodes of a graph towards, `[V, classes]`: the class of each of them, so much heavier that
 * the mean of a loss over all nodes is its mean over these; zeros for all others, which no cross entropy sees.
 *
 * @param members the numbers of the nodes
 */
export function nodeTargets(graph: GraphData, members: ArrayLike<number>): Tensor {
  const { nodes, classes } = graph;
  const labels = requireLabels(graph);
  requireMembers(graph, members, 'to train on');
  const rows = new Float32Array(nodes * classes!);
  for (let index = 0; index < members.length; index++) {
    const node = members[index]!;
    rows[node * classes! + labelOf(graph, labels, node)] = nodes / members.length;
  }
  return tensor(rows, [nodes, classes!]);
}

/**
 * The share of some nodes whose largest logit is that of their class. Throws `empty-batch` for none.
 *
 * @param logits `[V, classes]`, or that of several timesteps, of which the last counts
 */
export function nodeAccuracy(
  graph: GraphData,
  logits: Pick<Tensor, 'data' | 'shape'>,
  members: ArrayLike<number>,
): number {
  const labels = requireLabels(graph);
  requireMembers(graph, members, 'to measure on');
  const classes = logits.shape.at(-1)!;
  const { data } = logits;
  const first = data.length - graph.nodes * classes;
  let right = 0;
  for (let index = 0; index < members.length; index++) {
    const start = first + members[index]! * classes;
    const row = data.subarray(start, start + classes);
    let best = 0;
    for (let one = 1; one < classes; one++) if (row[one]! > row[best]!) best = one;
    if (best === labelOf(graph, labels, members[index]!)) right++;
  }
  return right / members.length;
}

function requireMembers({ name }: GraphData, members: ArrayLike<number>, purpose: string): void {
  if (members.length > 0) return;
  throw new SpikeloomError({
    code: 'empty-batch',
    path: name,
    message: `there is no node ${purpose}`,
    fix: 'take another split, or draw one with randomSplit',
  });
}

function requireLabels({ name, labels, classes }: GraphData): Int32Array {
  if (labels && classes !== undefined) return labels;
  throw new SpikeloomError({
    code: 'missing-input',
    path: name,
    message: 'the nodes of the graph have no classes',
  });
}

function labelOf(graph: GraphData, labels: Int32Array, node: number): number {
  const label = labels[node];
  if (label !== undefined && label >= 0) return label;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: graph.name,
    message: label === undefined ? 'there is no such node' : 'the class of this node is not known',
    ...(label === undefined ? { expected: `0 to ${graph.nodes - 1}` } : {}),
    got: `node ${node}`,
  });
}
