import type { Builder, Value } from '@spikeloom/ir';
import { folded } from '../unroll/timeline.ts';
import { timelineOf, type TrainingForm } from '../unroll/training-form.ts';

/** Scaling by a running firing rate, which moves with the rate of the batch, over time and samples together. */
export const firingRateScaleForm: TrainingForm = {
  op: 'spikeloom.attention/firing-rate-scale',
  build(b, call) {
    const { terms, momentum, floor } = call.attributes;
    const { folding } = call;
    const rate = folding.at(timelineOf(call, 'rate'), 0);
    const spikes = timelineOf(call, 'spikes');
    // Spikes that are the same at every timestep have the rate of one.
    const seen = headRates(b, spikes.kind === 'still' ? spikes.value : folding.fold(spikes));
    const next = movedRate(b, b.reshape(rate, seen.type.shape), seen, Number(momentum));
    const variance = b.mul(b.maximum(next, Number(floor)), Number(terms));
    const factor = b.stopGradient(b.div(1, b.sqrt(variance)));
    const x = folding.fold(timelineOf(call, 'x'));
    const [, heads, ...rest] = x.type.shape;
    const aligned = b.reshape(factor, [heads!, ...rest.map(() => 1)]);
    return {
      outputs: { out: folded(b.mul(x, aligned)) },
      statistics: { rate: b.reshape(next, rate.type.shape) },
    };
  },
};

/** The mean over everything but axis 1. */
function headRates(b: Builder, spikes: Value): Value {
  const axes = spikes.type.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  return b.mean(spikes, axes);
}

/** The running rate after one more batch; a rate of 0 has seen no spike yet and starts from this one. */
function movedRate(b: Builder, running: Value, seen: Value, momentum: number): Value {
  const before = b.select(b.equal(running, 0), seen, running);
  return b.add(b.mul(before, momentum), b.mul(seen, 1 - momentum));
}
