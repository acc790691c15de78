import type { Builder, NodeAttributes, PerName, Value } from '@spikeloom/ir';
import type { Folding, Timeline } from './timeline.ts';

/**
 * What stands for an operator during training, over all timesteps at once. Operators whose training form
 * is the inference form, repeated over time, need none.
 */
export interface TrainingForm {
  /** The operator's id. */
  readonly op: string;
  build(b: Builder, call: FormCall): FormResult;
}

/** One node of the network that a form stands in for. */
export interface FormCall {
  readonly attributes: NodeAttributes;
  readonly inputs: PerName<Timeline>;
  readonly folding: Folding;
  /** A whole number that differs at every training step; the seed of what is random in it. Shape `[]`. */
  randomKey(): Value;
}

export interface FormResult {
  /** The operator's outputs by name. */
  readonly outputs: Readonly<Record<string, Timeline>>;
  /** Values inside, by their path below the node, for regularisers. */
  readonly inner?: Readonly<Record<string, Timeline>>;
  /** New values of statistics, by the name of the input they come in through. */
  readonly statistics?: Readonly<Record<string, Value>>;
}

/** The one timeline of an input that is not a list. */
export function timelineOf(call: Pick<FormCall, 'inputs'>, name: string): Timeline {
  return call.inputs[name] as Timeline;
}

declare module '@spikeloom/ir' {
  interface PluginContributions {
    /** Training forms, used instead of those of this package where both name an operator. */
    readonly trainingForms?: readonly TrainingForm[];
  }
}
