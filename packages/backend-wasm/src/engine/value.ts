/** Values of a plan, and the forms they take in memory. */
import type { Dim, ValueType } from '@spikeloom/ir';
import type { Slot } from '@spikeloom/runtime';

/**
 * Where the channels of a value `[N, …]` are: the axis after the samples, as in images, or the last, as in
 * tokens. The other axes count positions.
 */
export type ChannelAxis = 'first' | 'last';

/** Channels and positions of one sample. */
export interface Extent {
  readonly channels: number;
  readonly positions: number;
}

/** A value of the graph as tensors of the operators, one for each timestep. */
export interface Numbers {
  readonly kind: 'numbers';
  readonly slot: Slot;
  readonly still: boolean;
}

/**
 * A value in the memory of the engine.
 *
 * - `currents`: float32 `[N, blocks, positions, T, lanes]`, in the order in which neurons walk through them.
 * - `spikes`: bits `[T, N, positions, bytes]`, a whole number of blocks of channels in each position.
 */
export interface Arranged extends Extent {
  readonly kind: 'currents' | 'spikes';
  /** Unlike those of all others. */
  readonly id: number;
  /** Whether it is the same at every timestep; then T is 1. */
  readonly still: boolean;
  /** What a spike is worth. */
  readonly one: number;
}

export type Storage = Numbers | Arranged;

/** What a shape `[batch, …]` holds of channels and positions; undefined where that is not its form. */
export function extentOf(
  shape: readonly Dim[],
  axis: ChannelAxis,
  batch: string,
): Extent | undefined {
  const [first, ...rest] = shape;
  const sizes = rest.filter((dim) => typeof dim === 'number');
  if (first !== batch || sizes.length !== rest.length || sizes.length === 0) return undefined;
  const channels = axis === 'first' ? sizes[0]! : sizes.at(-1)!;
  const all = sizes.reduce((product, size) => product * size, 1);
  return { channels, positions: all / channels };
}

/** What a spike of a value is worth; undefined for values that are not spikes of one size. */
export function spikeValue({ signal }: ValueType): number | undefined {
  if (signal.kind === 'spike') return 1;
  const isBinary = signal.kind === 'graded' && signal.levels === 1 && signal.negative === 0;
  return isBinary ? signal.positive : undefined;
}

/** The axis along which neurons of this shape are most likely read: images have their channels first. */
export function usualAxis(shape: readonly Dim[]): ChannelAxis {
  return shape.length >= 4 ? 'first' : 'last';
}

/** Blocks of channels, `lanes` in each. */
export function blocksOf({ channels }: Extent, lanes: number): number {
  return Math.ceil(channels / lanes);
}

/** Bytes of the spikes of one position. */
export function spikeBytes(extent: Extent, lanes: number): number {
  return (blocksOf(extent, lanes) * lanes) / 8;
}

/** Bytes of one sample, over so many timesteps. */
export function bytesPerSample(
  { kind, ...extent }: Arranged,
  steps: number,
  lanes: number,
): number {
  const places = extent.positions * steps;
  return kind === 'spikes'
    ? places * spikeBytes(extent, lanes)
    : places * blocksOf(extent, lanes) * lanes * 4;
}

/** How far apart, in elements, the samples, channels and positions of a tensor are. */
export function stridesOf(
  { channels, positions }: Extent,
  axis: ChannelAxis,
): { readonly sample: number; readonly channel: number; readonly position: number } {
  return axis === 'first'
    ? { sample: channels * positions, channel: positions, position: 1 }
    : { sample: channels * positions, channel: 1, position: channels };
}
