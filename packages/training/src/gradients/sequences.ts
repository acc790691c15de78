import type { Builder, Value } from '@spikeloom/ir';
import {
  batchStatisticsNorm,
  batchStatisticsNormGradient,
  elementsPerChannel,
} from '../operators/batch-statistics.ts';
import { neuronSequence, neuronSequenceGradient } from '../operators/neuron-sequence.ts';
import { type GradientCall, type GradientRule, inputOf } from './gradient-rule.ts';

/** Rules of the operators that training forms put in. */
export const sequenceRules: readonly GradientRule[] = [
  {
    op: neuronSequence.id,
    build(b, { attributes, outputs, upstream }) {
      const spikes = outputs['spikes']!;
      const { out } = b.apply(
        neuronSequenceGradient,
        {
          charged: outputs['charged']!,
          spikes,
          spikesGradient: upstream['spikes'] ?? zeros(b, spikes),
          potentialGradient: upstream['potential'],
          chargedGradient: upstream['charged'],
        },
        attributes as never,
      );
      return { current: out };
    },
  },
  {
    op: batchStatisticsNorm.id,
    build(b, call) {
      const [x, mean] = [inputOf(call, 'x'), call.outputs['mean']!];
      const gradients = b.apply(
        batchStatisticsNormGradient,
        {
          x,
          scale: inputOf(call, 'weight'),
          mean,
          variance: call.outputs['variance']!,
          gradient: call.upstream['out'] ?? zeros(b, x),
        },
        call.attributes as never,
      );
      const direct = throughStatistics(b, x, mean, call);
      return direct ? { ...gradients, x: b.add(gradients.x, direct) } : gradients;
    },
  },
];

/** What reaches x because the mean and the variance are outputs, too. */
function throughStatistics(
  b: Builder,
  x: Value,
  mean: Value,
  { upstream }: GradientCall,
): Value | undefined {
  const perChannel = (value: Value): Value =>
    b.reshape(
      value,
      x.type.shape.map((dim, axis) => (axis === 1 ? dim : 1)),
    );
  const elements = elementsPerChannel(x);
  const byMean =
    upstream['mean'] &&
    b.broadcastTo(perChannel(b.mul(upstream['mean'], 1 / elements)), x.type.shape);
  const byVariance =
    upstream['variance'] &&
    b.mul(b.sub(x, perChannel(mean)), perChannel(b.mul(upstream['variance'], 2 / elements)));
  return byMean && byVariance ? b.add(byMean, byVariance) : (byMean ?? byVariance);
}

function zeros(b: Builder, like: Value): Value {
  return b.broadcastTo(b.constant(0), like.type.shape);
}
