import { realType, type ValueType } from '@spikeloom/ir';

/** The type of a value that spikes let through or hold back: spikes stay spikes. */
export function gated(type: ValueType): ValueType {
  return type.signal.kind === 'spike' ? type : realType(type.shape);
}
