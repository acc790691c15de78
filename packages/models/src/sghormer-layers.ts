/** The layers of SGHormer, with parameters under the names of PyTorch modules. */
import { rectifyError, spikeTrain, spikingRectify, trainNorm } from '@spikeloom/attention';
import { batchNorm, type Builder, linear, type Value } from '@spikeloom/ir';
import type { SghormerConfig } from './sghormer-config.ts';

/** What neurons leave behind: spikes `[T, V, C]`, potentials `[V, C]`, and what they were given. */
export interface Train {
  readonly spikes: Value;
  readonly potential: Value;
  readonly current: Value;
}

export interface SghormerLayers {
  /** A layer without bias over the last axis. */
  linear(id: string, x: Value, outputs: number): Value;
  /** Batch normalisation of `[V, C]` or `[T, V, C]`. */
  norm(id: string, x: Value): Value;
  /** Neurons on `[V, C]`, held for all timesteps, or on `[T, V, C]`. */
  fire(id: string, current: Value): Train;
  /** The rectify block of a train: `[V, C]`. */
  rectify(id: string, train: Train, mode?: SghormerConfig['rectify']): Value;
}

export function sghormerLayers(b: Builder, config: SghormerConfig): SghormerLayers {
  const { timesteps, neuron, errors } = config;
  const { tau, threshold } = neuron;
  const statistics = (id: string, channels: number) => ({
    weight: b.param(`${id}.weight`, [channels]),
    bias: b.param(`${id}.bias`, [channels]),
    mean: b.buffer(`${id}.running_mean`, [channels]),
    variance: b.buffer(`${id}.running_var`, [channels]),
  });
  return {
    linear(id, x, outputs) {
      const weight = b.param(`${id}.weight`, [outputs, Number(x.type.shape.at(-1))]);
      return b.apply(linear, { x, weight }, {}, id).out;
    },
    norm(id, x) {
      const inputs = { x, ...statistics(id, Number(x.type.shape.at(-1))) };
      return b.apply(x.type.shape.length === 3 ? trainNorm : batchNorm, inputs, {}, id).out;
    },
    fire(id, current) {
      const held = current.type.shape.length === 2;
      const { spikes, potential } = b.apply(
        spikeTrain,
        { current },
        { timesteps, held, ...neuron },
        id,
      );
      return { spikes, potential, current };
    },
    rectify(id, { spikes, potential, current }, mode = config.rectify) {
      const channels = Number(spikes.type.shape.at(-1));
      const { z } = b.apply(
        spikingRectify,
        {
          spikes,
          ...(mode.startsWith('membrane') ? { potential } : {}),
          ...(mode.endsWith('norm') ? statistics(`${id}.bn`, channels) : {}),
        },
        { mode, neuron: neuron.neuron, tau, threshold },
        id,
      );
      if (!errors) return z;
      const weights = mode.startsWith('membrane') ? 'membrane' : 'even';
      const { error } = b.apply(
        rectifyError,
        { z, current },
        { weights, neuron: neuron.neuron, tau },
        `${id}.error`,
      );
      b.output(`${id}.error`, error);
      return z;
    },
  };
}
