import type { Builder, Value } from '@spikeloom/ir';
import { batchStatisticsNorm, batchStatisticsNormGradient } from '../operators/batch-statistics.ts';
import { neuronSequence, neuronSequenceGradient } from '../operators/neuron-sequence.ts';
import { type GradientRule, inputOf } from './gradient-rule.ts';

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
        },
        attributes as never,
      );
      return { current: out };
    },
  },
  {
    op: batchStatisticsNorm.id,
    build(b, call) {
      const gradient = call.upstream['out'];
      if (!gradient) return {};
      return b.apply(
        batchStatisticsNormGradient,
        {
          x: inputOf(call, 'x'),
          scale: inputOf(call, 'weight'),
          mean: call.outputs['mean']!,
          variance: call.outputs['variance']!,
          gradient,
        },
        call.attributes as never,
      );
    },
  },
];

function zeros(b: Builder, like: Value): Value {
  return b.broadcastTo(b.constant(0), like.type.shape);
}
