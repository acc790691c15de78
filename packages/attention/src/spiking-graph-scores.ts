/** Attention whose scores are spikes: a neuron for every pair of nodes. */
import type { Builder, Value } from '@spikeloom/ir';
import { type HeadTrains, sizesOfHeads } from './spiking-graph-heads.ts';
import { advanceMembrane, type GraphNeuron, restingMembrane } from './spiking-graph-neuron.ts';
import {
  type GraphMembership,
  joinBlocks,
  type RowBlock,
  rowBlocks,
  rowsOf,
  sameGraph,
} from './spiking-graph-rows.ts';
import { stackTrain, stepOf } from './spiking-graph-train.ts';

export interface ScoreOptions {
  /** What a count of coincidences is multiplied by before it reaches the neuron. */
  readonly scoreScale: number;
  readonly weighting: 'rate' | 'step';
  readonly neuron: GraphNeuron;
}

/**
 * The neurons of a block of query rows run through all timesteps before those of the next block begin, so
 * that potentials exist for one block only. The result does not depend on the blocks.
 */
export function spikingScores(
  b: Builder,
  trains: HeadTrains,
  membership: GraphMembership | undefined,
  options: ScoreOptions & { readonly rowBlock: number },
): Value {
  const { nodes, timesteps } = sizesOfHeads(trains.q);
  const at = (train: Value, step: number): Value => stepOf(b, train, step);
  const steps = Array.from({ length: timesteps }, (_, step) => ({
    q: at(trains.q, step),
    k: at(trains.k, step),
    v: at(trains.v, step),
  }));
  const blocks = rowBlocks(nodes, options.rowBlock).map((block) =>
    attendRows(b, steps, membership, block, options),
  );
  const joined = steps.map((_, step) =>
    joinBlocks(
      b,
      blocks.map((one) => one[step]!),
      1,
    ),
  );
  return stackTrain(b, joined, 'context');
}

/** What some rows of queries see at every timestep, `[heads, rows, D / heads]` each. */
function attendRows(
  b: Builder,
  steps: readonly HeadTrains[],
  membership: GraphMembership | undefined,
  block: RowBlock | undefined,
  { scoreScale, weighting, neuron }: ScoreOptions,
): readonly Value[] {
  const same = membership && sameGraph(b, membership, block);
  let membrane = restingMembrane(b, neuron);
  const scores = steps.map(({ q, k }) => {
    const counts = b.matmul(rowsOf(b, q, 1, block), k, { transposeB: true });
    const next = advanceMembrane(b, b.mul(counts, scoreScale), membrane, neuron);
    membrane = next.membrane;
    return same ? b.mul(next.spikes, same) : next.spikes;
  });
  if (weighting === 'step') return steps.map(({ v }, step) => b.matmul(scores[step]!, v));
  const rates = b.div(
    scores.reduce((sum, spikes) => b.add(sum, spikes)),
    steps.length,
  );
  return steps.map(({ v }) => b.matmul(rates, v));
}
