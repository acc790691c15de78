import { finishBy } from './finish-by';
import { Any, isLeaky, isSubtracting, Leaky, None, Subtracting } from './neuron';
import { word } from './word';

/**
 * Turns the sums of one block of channels at neighbouring positions, `[positions, timesteps, lanes]`, into
 * currents and, where neurons fire, into spikes.
 *
 * @param neuron ten words: fires, spikes, v, leak, flags, tau, decay, threshold, rest, initial
 * @param sumTime,sumPosition bytes from the sums of a timestep, of a position, to the next
 * @param scaleTime bytes from scales and shifts of a timestep to those of the next
 * @param residual currents to add, or 0; with residualTime and residualPosition as for the sums
 * @param out currents, or 0
 * @param v potentials to begin with and to keep, or 0
 * @param spikes the byte of the first position, timestep and channel; with spikeTime and spikePosition
 * @param exists one bit for every lane that is a channel
 */
export function finish<S>(
  neuron: usize,
  lanes: i32,
  positions: i32,
  T: i32,
  sums: usize,
  sumTime: usize,
  sumPosition: usize,
  scale: usize,
  bias: usize,
  scaleTime: usize,
  residual: usize,
  residualTime: usize,
  residualPosition: usize,
  out: usize,
  v: usize,
  spikes: usize,
  spikeTime: usize,
  spikePosition: usize,
  exists: u32,
): void {
  if (word(neuron, 0) == 0) {
    finishBy<S, None>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      scaleTime,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  } else if (isLeaky(neuron)) {
    finishBy<S, Leaky>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      scaleTime,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  } else if (isSubtracting(neuron)) {
    finishBy<S, Subtracting>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      scaleTime,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  } else {
    finishBy<S, Any>(
      neuron,
      lanes,
      positions,
      T,
      sums,
      sumTime,
      sumPosition,
      scale,
      bias,
      scaleTime,
      residual,
      residualTime,
      residualPosition,
      out,
      v,
      spikes,
      spikeTime,
      spikePosition,
      exists,
    );
  }
}
