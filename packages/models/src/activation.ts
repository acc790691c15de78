import {
  type AttributeInput,
  type Builder,
  relu,
  SpikeloomError,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { clip, lif, qcfs, triangle } from '@spikeloom/neurons';

/**
 * What stands between the layers of a network. One architecture makes a network with ReLU, a quantised one
 * to be converted, or a spiking one, by what is given here. Any object of this form will do.
 */
export interface Activation {
  /** A word for it, such as `relu`; networks that number their activations call them `relu0`, `relu1`. */
  readonly name: string;
  /**
   * Adds it to a network.
   *
   * @param x `[N, …]`, from a convolution, a normalisation or a linear layer
   * @param id the name of the node that gives the result; parameters belong below it (`<id>.vthr`)
   * @returns a value of the same shape
   */
  add(b: Builder, x: Value, id: string): Value;
}

/** The rectified linear unit. */
export function reluActivation(): Activation {
  return { name: 'relu', add: (b, x, id) => b.apply(relu, { x }, {}, id).out };
}

export interface ThresholdOptions {
  /** The threshold before training. Default 8. */
  readonly threshold?: number;
}

/** QCFS with a learnt threshold `<id>.vthr` `[1]`, for networks that `convertQcfs` will turn into spiking ones. */
export function qcfsActivation(
  options: ThresholdOptions & AttributeInput<typeof qcfs.attributes> = {},
): Activation {
  const { threshold, ...attributes } = options;
  return {
    name: 'qcfs',
    add: (b, x, id) =>
      b.apply(qcfs, { x, threshold: learntThreshold(b, id, threshold) }, attributes, id).out,
  };
}

/** A ReLU with a learnt upper bound `<id>.vthr` `[1]`. */
export function clipActivation({ threshold }: ThresholdOptions = {}): Activation {
  return {
    name: 'clip',
    add: (b, x, id) =>
      b.apply(clip, { x, threshold: learntThreshold(b, id, threshold) }, {}, id).out,
  };
}

/**
 * The leaky neuron. Without attributes it is that of the reference code of arXiv 2301.09522 for direct
 * training: the whole current is added, the potential is halved after a hard reset, firing is strict, and
 * gradients pass the reset.
 */
export function lifActivation(attributes: AttributeInput<typeof lif.attributes> = {}): Activation {
  const direct = {
    tau: 2,
    leakAfterReset: true,
    comparison: '>',
    surrogate: triangle(1),
    detachReset: false,
  } as const;
  return {
    name: 'lif',
    add: (b, x, id) => b.apply(lif, { current: x }, { ...direct, ...attributes }, id).spikes,
  };
}

function learntThreshold(b: Builder, id: string, threshold = 8): Value {
  if (!(threshold > 0 && Number.isFinite(threshold))) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: `${id}.vthr`,
      message: 'a threshold is a number greater than zero',
      got: `${threshold}`,
    });
  }
  return b.param(`${id}.vthr`, [1], { tensor: tensor([threshold]) });
}
