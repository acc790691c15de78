import { dropout } from '@spikeloom/ir';
import { folded } from '../unroll/timeline.ts';
import { timelineOf, type TrainingForm } from '../unroll/training-form.ts';

/** Dropout at work: every element of every timestep by itself. */
export const dropoutForm: TrainingForm = {
  op: 'spikeloom/dropout',
  build(b, call) {
    const { rate, stream } = call.attributes;
    const { out } = b.apply(
      dropout,
      { x: call.folding.fold(timelineOf(call, 'x')), key: call.randomKey() },
      { rate: Number(rate), stream: Number(stream), active: true },
      'active',
    );
    return { outputs: { out: folded(out) } };
  },
};
