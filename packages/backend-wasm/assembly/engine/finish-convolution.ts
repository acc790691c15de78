import { finish } from './finish';
import { ROW_BYTES } from './sum-rows';
import { address, word } from './word';

/** Sums that are finished together: positions times timesteps, or the timesteps of one position. */
export const CELLS = 128;

/** Room for the sums of a block. */
// @ts-ignore: decorator
@inline
export function sumsBytes(T: i32): usize {
  return <usize>max(CELLS, T) * ROW_BYTES;
}

// @ts-ignore: decorator
@inline
export function blocksOf<W>(d: usize): i32 {
  const lanes = isFloat<W>() ? 16 : 32;
  return (word(d, 11) + lanes - 1) / lanes;
}

/** What follows the sums of one block of channels, or of two, at neighbouring positions of a convolution. */
export function finishBlocks<W>(
  d: usize,
  sample: i32,
  block: i32,
  both: bool,
  from: i32,
  to: i32,
): void {
  const sums = address(d, 25);
  finishBlock<W>(d, sample, block, from, to, sums);
  if (both) finishBlock<W>(d, sample, block + 1, from, to, sums + sumsBytes(word(d, 8)));
}

function finishBlock<W>(
  d: usize,
  sample: i32,
  block: i32,
  from: i32,
  to: i32,
  sums: usize,
): void {
  const residual = address(d, 5);
  const out = address(d, 7);
  const T = word(d, 8);
  const N = word(d, 9);
  const C = word(d, 11);
  const P = word(d, 21) * word(d, 22);
  const neuron = d + 26 * 4;
  const v = address(neuron, 2);
  const lanes = isFloat<W>() ? 16 : 32;
  const blocks = blocksOf<W>(d);
  const n = word(d, 23) + sample;
  const position = <usize>((n * blocks + block) * P + from);
  const laneBytes = <usize>lanes << 2;
  const residualSteps = word(d, 6);
  const residualPosition = laneBytes * <usize>residualSteps;
  const pixelBytes = <usize>(blocks * lanes) >> 3;
  const left = C - block * lanes;
  finish<W>(
    neuron,
    lanes,
    to - from,
    T,
    sums,
    ROW_BYTES,
    ROW_BYTES * <usize>T,
    address(d, 3) + <usize>block * laneBytes,
    address(d, 4) + <usize>block * laneBytes,
    0,
    residual ? residual + position * residualPosition : 0,
    residualSteps == 1 ? 0 : laneBytes,
    residualPosition,
    out ? out + position * laneBytes * <usize>T : 0,
    v ? v + position * laneBytes : 0,
    address(neuron, 1) + <usize>(n * P + from) * pixelBytes + (<usize>(block * lanes) >> 3),
    <usize>(N * P) * pixelBytes,
    pixelBytes,
    left >= 32 ? 0xffffffff : (<u32>1 << left) - 1,
  );
}
