import { blocksOf, lanesOf, panelAt, panelBytes } from './attention-panels';
import { finish } from './finish';
import { Currents } from './finish-by';
import { ROW_BYTES } from './sum-rows';
import { address, word } from './word';

/** The neurons of one block of outputs at neighbouring queries, on the sums that begin at `sums`. */
export function finishQueries<W>(
  d: usize,
  n: i32,
  h: i32,
  block: i32,
  sums: usize,
  from: i32,
  to: i32,
): void {
  const T = word(d, 4);
  const heads = word(d, 6);
  const neuron = d + 17 * 4;
  const sample = word(d, 10) + n;
  const v = address(neuron, 2);
  const lanes = lanesOf<W>();
  const position = <usize>(((sample * heads + h) * blocksOf<W>(d) + block) * word(d, 7) + from);
  const keptV = v ? v + ((position * <usize>lanes) << 2) : 0;
  const left = word(d, 9) - block * lanes;
  const exists: u32 = left >= 32 ? 0xffffffff : (<u32>1 << left) - 1;
  const sumPosition = ROW_BYTES * <usize>T;
  const spikes =
    address(neuron, 1) +
    <usize>sample * address(d, 13) +
    <usize>h * address(d, 14) +
    <usize>from * address(d, 15) +
    (<usize>(block * lanes) >> 3);
  const spikeTime = address(d, 5) * address(d, 13);
  const spikePosition = address(d, 15);
  if (isFloat<W>()) {
    finish<Currents>(
      neuron,
      lanes,
      to - from,
      T,
      sums,
      ROW_BYTES,
      sumPosition,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      keptV,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  } else {
    const scale = panelAt<W>(d, n, h, block) + address(d, 8) * ROW_BYTES;
    const scaleTime = panelBytes<W>(d) * <usize>(heads * blocksOf<W>(d));
    finish<W>(
      neuron,
      lanes,
      to - from,
      T,
      sums,
      ROW_BYTES,
      sumPosition,
      scale,
      scale + 2 * ROW_BYTES,
      scaleTime,
      0,
      0,
      0,
      0,
      keptV,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  }
}
