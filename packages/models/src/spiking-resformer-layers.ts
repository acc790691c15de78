/** The layers of SpikingResformer, with parameters under the published names. */
import { batchNorm, type Builder, type Value } from '@spikeloom/ir';
import { lif, plif } from '@spikeloom/neurons';

/** The neurons of a block. Their other attributes are the defaults of `lif`: those of the reference code. */
export interface BlockNeurons {
  /** `plif` learns the time constant of each layer, as `<layer>.w` `[]`. */
  readonly neuron: 'lif' | 'plif';
  /** Membrane time constant of `lif`, in timesteps. */
  readonly tau: number;
}

export interface ConvolveOptions {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on every side. Default 0. */
  readonly margin?: number;
  readonly groups?: number;
}

/** A convolution without bias. */
export function convolve(
  b: Builder,
  id: string,
  x: Value,
  { channels, kernel, stride = 1, margin = 0, groups = 1 }: ConvolveOptions,
): Value {
  const inputs = Number(x.type.shape[1]) / groups;
  const weight = b.param(`${id}.weight`, [channels, inputs, kernel, kernel]);
  return b.conv2d(
    { x, weight },
    { stride: [stride, stride], padding: [margin, margin, margin, margin], groups },
    id,
  );
}

/** Batch normalisation, with the parameters one module deeper as in the published checkpoints. */
export function norm(b: Builder, id: string, x: Value): Value {
  const channels = [Number(x.type.shape[1])];
  const inputs = {
    x,
    weight: b.param(`${id}.bn.weight`, channels),
    bias: b.param(`${id}.bn.bias`, channels),
    mean: b.buffer(`${id}.bn.running_mean`, channels),
    variance: b.buffer(`${id}.bn.running_var`, channels),
  };
  return b.apply(batchNorm, inputs, {}, id).out;
}

/** Adds neurons. */
export function fire(b: Builder, id: string, x: Value, { neuron, tau }: BlockNeurons): Value {
  if (neuron === 'lif') return b.apply(lif, { current: x }, { tau }, id).spikes;
  return b.apply(plif, { current: x, w: b.param(`${id}.w`, []) }, {}, id).spikes;
}
