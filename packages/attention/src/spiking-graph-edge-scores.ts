/** Attention along the edges of a graph. */
import type { Builder, Value } from '@spikeloom/ir';
import { type EdgeEnds, sumOverEdges } from './spiking-graph-edges.ts';
import { type HeadTrains, sizesOfHeads } from './spiking-graph-heads.ts';
import { advanceMembrane, restingMembrane } from './spiking-graph-neuron.ts';
import type { ScoreOptions } from './spiking-graph-scores.ts';
import { stackTrain, stepOf } from './spiking-graph-train.ts';

/** Every node attends to the nodes it has edges from: `[T, heads, V, D / heads]`. */
export function edgeAttention(
  b: Builder,
  trains: HeadTrains,
  ends: EdgeEnds,
  options: ScoreOptions & { readonly scores: 'spiking' | 'linear'; readonly edgeBias: number },
): Value {
  const { timesteps, nodes } = sizesOfHeads(trains.q);
  const rows = (train: Value, step: number): Value =>
    b.transpose(stepOf(b, train, step), [1, 0, 2]);
  const counts = Array.from({ length: timesteps }, (_, step) => {
    const queries = b.gather(rows(trains.q, step), ends.target);
    const keys = b.gather(rows(trains.k, step), ends.source);
    return b.sum(b.mul(queries, keys), [2], true);
  });
  const weights = edgeWeights(b, counts, ends, options);
  const steps = weights.map((weight, step) => {
    const values = b.gather(rows(trains.v, step), ends.source);
    const seen = b.segmentSum(b.mul(weight, values), ends.target, nodes);
    return b.transpose(seen, [1, 0, 2]);
  });
  return stackTrain(b, steps, 'context');
}

/** What a constant score on every edge but the self-loops adds: it needs no score matrix. */
export function edgeBiasTerm(b: Builder, v: Value, ends: EdgeEnds, bias: number): Value {
  const { timesteps } = sizesOfHeads(v);
  const steps = Array.from({ length: timesteps }, (_, step) => {
    const rows = b.transpose(stepOf(b, v, step), [1, 0, 2]);
    const others = b.sub(sumOverEdges(b, rows, ends), rows);
    return b.transpose(b.mul(others, bias), [1, 0, 2]);
  });
  return stackTrain(b, steps, 'bias');
}

/** The weight of every edge and head at every timestep, `[E, heads, 1]` each. */
function edgeWeights(
  b: Builder,
  counts: readonly Value[],
  { source, target }: EdgeEnds,
  { scores, edgeBias, scoreScale, weighting, neuron }: Parameters<typeof edgeAttention>[3],
): readonly Value[] {
  const [edges] = source.type.shape;
  const isLoop = b.equal(b.cast(source, 'float32'), b.cast(target, 'float32'));
  const bias = b.reshape(b.select(isLoop, 0, edgeBias), [edges ?? 1, 1, 1]);
  const biased = (x: Value): Value => (edgeBias === 0 ? x : b.add(x, bias));
  if (scores === 'linear') return counts.map(biased);
  let membrane = restingMembrane(b, neuron);
  const spikes = counts.map((count) => {
    const next = advanceMembrane(b, biased(b.mul(count, scoreScale)), membrane, neuron);
    membrane = next.membrane;
    return next.spikes;
  });
  if (weighting === 'step') return spikes;
  const total = spikes.reduce((sum, one) => b.add(sum, one));
  const rates = b.div(total, spikes.length);
  return spikes.map(() => rates);
}
