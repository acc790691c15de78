/** Attention of spikes without soft-max: two products, in either order. */
import type { Builder, Value } from '@spikeloom/ir';
import { type HeadTrains, sizesOfHeads } from './spiking-graph-heads.ts';
import {
  type GraphMembership,
  joinBlocks,
  rowBlocks,
  rowsOf,
  sameGraph,
} from './spiking-graph-rows.ts';
import { stackTrain, stepOf } from './spiking-graph-train.ts';

/** q (k^T v): a matrix of co-activations per head, linear in nodes. */
export function contextFirst(
  b: Builder,
  { q, k, v }: HeadTrains,
  membership: GraphMembership | undefined,
): Value {
  if (membership) return contextOfGraphs(b, { q, k, v }, membership);
  const map = b.matmul(k, v, { transposeA: true }, 'map');
  return b.matmul(q, map, {}, 'context');
}

/** (q k^T) v: a matrix of scores per head, block by block of its rows. */
export function mapFirst(
  b: Builder,
  { q, k, v }: HeadTrains,
  membership: GraphMembership | undefined,
  rowBlock: number,
): Value {
  const { nodes } = sizesOfHeads(q);
  const blocks = rowBlocks(nodes, rowBlock).map((block) => {
    const scores = b.matmul(rowsOf(b, q, 2, block), k, { transposeB: true });
    const seen = membership ? b.mul(scores, sameGraph(b, membership, block)) : scores;
    return b.matmul(seen, v);
  });
  return joinBlocks(b, blocks, 2);
}

/** The linear order with a matrix of co-activations for each graph of a batch. */
function contextOfGraphs(b: Builder, trains: HeadTrains, membership: GraphMembership): Value {
  const { timesteps, heads, nodes, width } = sizesOfHeads(trains.q);
  const { graph, sizes } = membership;
  const steps = Array.from({ length: timesteps }, (_, step) => {
    const at = (train: Value): Value => b.transpose(stepOf(b, train, step), [1, 0, 2]);
    const keys = b.reshape(at(trains.k), [nodes, heads, width, 1]);
    const values = b.reshape(at(trains.v), [nodes, heads, 1, width]);
    const maps = b.segmentSum(b.mul(keys, values), graph, sizes.type.shape[0] ?? 1);
    const queries = b.reshape(at(trains.q), [nodes, heads, 1, width]);
    const context = b.matmul(queries, b.gather(maps, graph));
    return b.transpose(b.reshape(context, [nodes, heads, width]), [1, 0, 2]);
  });
  return stackTrain(b, steps, 'context');
}
