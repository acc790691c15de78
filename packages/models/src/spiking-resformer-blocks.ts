/** The blocks of SpikingResformer. Neurons stand first in each, so every product inside sees spikes. */
import { dssa } from '@spikeloom/attention';
import { type Builder, SpikeloomError, type Value } from '@spikeloom/ir';
import {
  type BlockNeurons,
  convolve,
  type ConvolveOptions,
  fire,
  norm,
} from './spiking-resformer-layers.ts';

export interface DualSpikeBlockOptions extends BlockNeurons {
  /** Attention heads; divides the channels. */
  readonly heads: number;
  /** Side of the squares that give one key each; divides height and width. */
  readonly patch: number;
}

/**
 * Dual spike self-attention with its residual, both shapes `[N, C, H, W]`.
 *
 * @param b the root of the graph
 * @param id the path of the block and the name of its sum
 */
export function dualSpikeBlock(
  b: Builder,
  id: string,
  x: Value,
  { heads, patch, ...neurons }: DualSpikeBlockOptions,
): Value {
  const channels = Number(x.type.shape[1]);
  requirePatches(x, id, patch);
  const scope = b.scope(id);
  const rate = (name: string): Value => scope.buffer(name, [1, 1, heads, 1, 1]);
  const [rateX, rateAttn] = [rate('firing_rate_x'), rate('firing_rate_attn')];
  const spikes = fire(scope, 'activation_in', x, neurons);
  const keys = norm(
    scope,
    'norm',
    convolve(scope, 'W', spikes, { channels: 2 * channels, kernel: patch, stride: patch }),
  );
  const learnt =
    neurons.neuron === 'plif'
      ? {
          wAttn: scope.param('activation_attn.w', []),
          wOut: scope.param('activation_out.w', []),
        }
      : {};
  const attended = scope.apply(
    dssa,
    { x: spikes, keys, rateX, rateAttn, ...learnt },
    { heads, tau: neurons.tau },
    'attention',
  ).spikes;
  const out = norm(scope, 'norm_proj', convolve(scope, 'Wproj', attended, { channels, kernel: 1 }));
  return b.add(out, x, id);
}

export interface FeedForwardOptions extends BlockNeurons {
  /** Channels inside for each outside. */
  readonly ratio: number;
  /** Channels of one group inside. */
  readonly groupSize: number;
  /** Convolutions inside. */
  readonly convolutions: number;
}

/** The group-wise spiking feed-forward network with its two residuals, both shapes `[N, C, H, W]`. */
export function groupWiseFeedForward(
  b: Builder,
  id: string,
  x: Value,
  { ratio, groupSize, convolutions, ...neurons }: FeedForwardOptions,
): Value {
  const channels = Number(x.type.shape[1]);
  const inner = channels * ratio;
  const scope = b.scope(id);
  const layer = (name: string, from: Value, options: ConvolveOptions): Value => {
    const spikes = fire(scope, `${name}.0`, from, neurons);
    return norm(scope, `${name}.2`, convolve(scope, `${name}.1`, spikes, options));
  };
  const wide = layer('up', x, { channels: inner, kernel: 1 });
  let mixed = wide;
  for (let index = 0; index < convolutions; index++) {
    const groups = inner / groupSize;
    mixed = layer(`conv.${index}`, mixed, { channels: inner, kernel: 3, margin: 1, groups });
  }
  const joined = scope.add(mixed, wide, 'conv');
  return b.add(layer('down', joined, { channels, kernel: 1 }), x, id);
}

/** The step to the next stage, without residual: `[N, C, H, W]` to `[N, channels, ceil(H / 2), ceil(W / 2)]`. */
export function spikingDownsample(
  b: Builder,
  id: string,
  x: Value,
  { channels, ...neurons }: BlockNeurons & { readonly channels: number },
): Value {
  const scope = b.scope(id);
  const spikes = fire(scope, 'activation', x, neurons);
  return norm(
    scope,
    'norm',
    convolve(scope, 'conv', spikes, { channels, kernel: 3, stride: 2, margin: 1 }),
  );
}

/** Border rows that fill no square would be queries without being keys. */
function requirePatches(x: Value, path: string, patch: number): void {
  const [height, width] = x.type.shape.slice(2).map(Number);
  if (height! % patch === 0 && width! % patch === 0) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path,
    message: 'the patches do not fill the map',
    expected: `a divisor of ${height} and ${width}`,
    got: `${patch}`,
  });
}
