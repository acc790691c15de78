import { type Builder, type GraphNode, relu, SpikeloomError, type Value } from '@spikeloom/ir';
import { neuronNodes, type Regulariser, type RegulariserCall } from './regulariser.ts';

export interface RcsOptions {
  /** The share of timesteps, counted from the last, at which a sample must be right to count. Default 0.3. */
  readonly correctShare?: number;
  /** The share of timesteps, counted from the last, whose mean activity is the desired one. Default 0.3. */
  readonly desiredShare?: number;
}

const epsilon = 1e-5;

/**
 * Regulariser for cutoff (RCS), of spiking networks: the activity of a layer should point in the same
 * direction at every timestep as at the end.
 *
 * Per layer and sample, with `r[t] = spikes[t] + max(potential[t] / threshold, 0)` and `d` the mean of the
 * last `r` (no gradient): `h = 1 / (mean over t of cos(r[t], d) + 1e-5)`. The term is the mean over layers
 * of the largest `h` among samples that are right.
 *
 * Source: arXiv 2301.09522 and its reference code, which this follows.
 */
export function rcs(options: RcsOptions = {}): Regulariser {
  const { correctShare = 0.3, desiredShare = 0.3 } = options;
  for (const share of [correctShare, desiredShare]) {
    if (share >= 0 && share <= 1) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'rcs',
      message: 'a share of the timesteps',
      expected: '0 to 1',
      got: `${share}`,
    });
  }
  return {
    id: 'spikeloom/rcs',
    build(b, call) {
      const layers = neuronNodes(call.graph);
      const last = lastSteps(call.timesteps, desiredShare);
      return largestOfRight(b, call, lastSteps(call.timesteps, correctShare), layers, (node) => {
        const potential = call.tap(`${node.id}.potential`);
        // As ReLU: after a hard reset the potential is exactly 0, and nothing flows there.
        const share = b.div(potential, Number(node.attributes['threshold']));
        const left = b.apply(relu, { x: share }).out;
        return inverseCosine(b, b.add(call.tap(`${node.id}.spikes`), left), last);
      });
    },
  };
}

/**
 * RCS of networks that will be converted: no single pre-activation should stand far above the others,
 * because the largest one sets the threshold and so the number of timesteps the others need.
 *
 * Per layer and sample, with `p = max(x, 0)` of the activation's input: `h = max of p over the batch /
 * sqrt(mean of p^2 + 1e-5)`; the rest as in `rcs`.
 *
 * Source: arXiv 2301.09522 and its reference code (ANN form), which this follows.
 */
export function rcsActivation(): Regulariser {
  return {
    id: 'spikeloom/rcs-activation',
    build(b, call) {
      if (call.timesteps !== 1) {
        throw new SpikeloomError({
          code: 'invalid-argument',
          path: 'rcsActivation',
          message: 'activations are trained with one timestep',
          expected: 'timesteps: 1',
          got: `${call.timesteps}`,
          fix: 'use rcs for spiking networks',
        });
      }
      const layers = call.graph.nodes.filter(({ op }) => activations.has(op));
      return largestOfRight(b, call, 1, layers, (node) => {
        const positive = b.maximum(perSample(b, call.tap(String(node.inputs['x']))), 0);
        const largest = b.max(positive, [0, 1], true);
        const meanSquare = b.mean(b.mul(positive, positive), [1], true);
        return b.reshape(b.div(largest, b.sqrt(b.add(meanSquare, epsilon))), [-1]);
      });
    },
  };
}

const activations = new Set([
  'spikeloom/relu',
  'spikeloom.neurons/qcfs',
  'spikeloom.neurons/clip',
  'spikeloom.neurons/tracked-relu',
]);

/** How many of the last timesteps a share is; all of them where it comes to none, as in the reference code. */
function lastSteps(timesteps: number, share: number): number {
  const steps = Math.trunc(timesteps * share);
  return steps === 0 ? timesteps : steps;
}

/** The mean over layers of the largest feature among samples that are right. */
function largestOfRight(
  b: Builder,
  call: RegulariserCall,
  steps: number,
  layers: readonly GraphNode[],
  featureOf: (node: GraphNode) => Value,
): Value {
  if (layers.length === 0) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'regulariser',
      message: 'the network has no layer this regulariser looks at',
      expected: 'if, lif or plif neurons for rcs; relu, clip or qcfs for rcsActivation',
    });
  }
  const right = call.correct(steps);
  const terms = layers.map((node) => b.max(b.mul(featureOf(node), right), [0]));
  return b.mul(
    terms.reduce((sum, term) => b.add(sum, term)),
    1 / terms.length,
  );
}

/** `[N]` from activity `[T, N, …]`. */
function inverseCosine(b: Builder, activity: Value, last: number): Value {
  const [timesteps, samples] = activity.type.shape as readonly [number, number];
  const r = b.reshape(activity, [timesteps, samples, -1]);
  const end = b.slice(r, 0, timesteps - last, last);
  const desired = b.stopGradient(b.mean(end, [0], true));
  const norm = (x: Value): Value => b.sqrt(b.add(b.sum(b.mul(x, x), [-1]), epsilon));
  const cosine = b.div(b.sum(b.mul(r, desired), [-1]), b.mul(norm(r), norm(desired)));
  return b.div(1, b.add(b.mean(cosine, [0]), epsilon));
}

/** `[T * N, features]` from `[T, N, …]`. */
function perSample(b: Builder, x: Value): Value {
  const [timesteps, samples] = x.type.shape as readonly [number, number];
  return b.reshape(x, [timesteps * samples, -1]);
}
