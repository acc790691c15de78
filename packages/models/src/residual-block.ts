import type { Value } from '@spikeloom/ir';
import type { ConvOptions } from './network-layers.ts';

/** A residual block: two convolutions, or three with a bottleneck. */
export interface ResidualBlock {
  /** Channels inside; a bottleneck gives four times as many. */
  readonly channels: number;
  readonly stride: number;
  readonly bottleneck: boolean;
}

/** How many channels leave a block. */
export function channelsAfter({ channels, bottleneck }: ResidualBlock): number {
  return bottleneck ? 4 * channels : channels;
}

/** The convolutions of a block, each with its channels. */
export function residualConvolutions(
  block: ResidualBlock,
): readonly { readonly channels: number; readonly options: ConvOptions }[] {
  const { channels, stride, bottleneck } = block;
  const last = channelsAfter(block);
  return bottleneck
    ? [
        { channels, options: { kernel: 1 } },
        { channels, options: { kernel: 3, stride, padding: 1 } },
        { channels: last, options: { kernel: 1 } },
      ]
    : [
        { channels, options: { kernel: 3, stride, padding: 1 } },
        { channels: last, options: { kernel: 3, padding: 1 } },
      ];
}

/** Whether the input of a block can be added to its result as it is. */
export function keepsShape(x: Value, block: ResidualBlock): boolean {
  return block.stride === 1 && x.type.shape[1] === channelsAfter(block);
}
