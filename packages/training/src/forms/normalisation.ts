import type { Builder, Value } from '@spikeloom/ir';
import { batchStatisticsNorm, elementsPerChannel } from '../operators/batch-statistics.ts';
import { folded, still, type Timeline } from '../unroll/timeline.ts';
import { type FormCall, timelineOf, type TrainingForm } from '../unroll/training-form.ts';

/** Batch normalisation by the statistics of the batch, over time and samples together. */
export const batchNormForm: TrainingForm = {
  op: 'spikeloom/batch-norm',
  build(b, call) {
    const { out, statistics } = normalise(b, call);
    return { outputs: { out }, statistics };
  },
};

/** Batch normalisation with a learnable scale for every timestep (TEBN). */
export const temporalBatchNormForm: TrainingForm = {
  op: 'spikeloom/temporal-batch-norm',
  build(b, call) {
    const { folding } = call;
    const { out, statistics } = normalise(b, call);
    const scales = weightOf(call, 'p');
    const [rows, ...rest] = folding.fold(out).type.shape;
    const byStep = b.mul(
      folding.stack(out),
      b.reshape(b.slice(scales, 0, 0, folding.timesteps), [
        folding.timesteps,
        ...Array.from({ length: rest.length + 1 }, () => 1),
      ]),
    );
    return {
      outputs: { out: folded(b.reshape(byStep, [rows!, ...rest])) },
      statistics,
    };
  },
};

/** Normalises and moves the running statistics on (Ioffe & Szegedy 2015; unbiased variance as in PyTorch). */
function normalise(
  b: Builder,
  call: FormCall,
): { out: Timeline; statistics: Record<string, Value> } {
  const { epsilon, momentum = 0.1 } = call.attributes;
  const x = timelineOf(call, 'x');
  const isStill = x.kind === 'still';
  const rows = isStill ? x.value : call.folding.fold(x);
  const { out, mean, variance } = b.apply(
    batchStatisticsNorm,
    { x: rows, weight: weightOf(call, 'weight'), bias: weightOf(call, 'bias') },
    { epsilon: Number(epsilon) },
    'norm',
  );
  const elements = elementsPerChannel(rows) * (isStill ? call.folding.timesteps : 1);
  const moved = (running: Value, seen: Value): Value =>
    b.add(b.mul(running, 1 - Number(momentum)), b.mul(seen, Number(momentum)));
  return {
    out: isStill ? still(out) : folded(out),
    statistics: {
      mean: moved(weightOf(call, 'mean'), mean),
      variance: moved(
        weightOf(call, 'variance'),
        b.mul(variance, elements / Math.max(elements - 1, 1)),
      ),
    },
  };
}

function weightOf(call: FormCall, name: string): Value {
  const timeline = timelineOf(call, name);
  return call.folding.at(timeline, 0);
}
