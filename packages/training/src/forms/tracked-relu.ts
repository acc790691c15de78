import { trackedRelu } from '@spikeloom/neurons';
import { relu } from '@spikeloom/ir';
import { folded, still } from '../unroll/timeline.ts';
import { timelineOf, type TrainingForm } from '../unroll/training-form.ts';

/** A ReLU that moves its running maximum on. */
export const trackedReluForm: TrainingForm = {
  op: trackedRelu.id,
  build(b, call) {
    const momentum = Number(call.attributes['momentum']);
    const timeline = timelineOf(call, 'x');
    const isStill = timeline.kind === 'still';
    const x = isStill ? timeline.value : call.folding.fold(timeline);
    const threshold = call.folding.at(timelineOf(call, 'threshold'), 0);
    const largest = b.max(
      x,
      x.type.shape.map((_, axis) => axis),
    );
    const moved = b.add(
      b.mul(threshold, 1 - momentum),
      b.reshape(b.mul(largest, momentum), threshold.type.shape),
    );
    const { out } = b.apply(relu, { x });
    return {
      outputs: { out: isStill ? still(out) : folded(out) },
      statistics: { threshold: moved },
    };
  },
};
