import { ROW_BYTES } from './sum-rows';
import { address, word } from './word';

/** Where the panels of attention lie: blocks of outputs, of every sample, timestep and head. */

/** Rows of scales and shifts that follow the weights of an int16 panel. */
export const SCALE_ROWS = 4;

// @ts-ignore: decorator
@inline
export function lanesOf<W>(): i32 {
  return isFloat<W>() ? 16 : 32;
}

// @ts-ignore: decorator
@inline
export function blocksOf<W>(d: usize): i32 {
  return (word(d, 9) + lanesOf<W>() - 1) / lanesOf<W>();
}

// @ts-ignore: decorator
@inline
export function panelBytes<W>(d: usize): usize {
  return <usize>(isFloat<W>() ? word(d, 8) : word(d, 8) + SCALE_ROWS) * ROW_BYTES;
}

/** The panel of a sample and head at the first timestep. */
// @ts-ignore: decorator
@inline
export function panelAt<W>(d: usize, n: i32, h: i32, block: i32): usize {
  const panel = (n * word(d, 4) * word(d, 6) + h) * blocksOf<W>(d) + block;
  return address(d, 2) + <usize>panel * panelBytes<W>(d);
}
