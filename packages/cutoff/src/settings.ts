/** Numbers in the saved settings of a policy; what is none becomes NaN, which every policy refuses. */
import type { Json } from '@spikeloom/ir';

export function numberOf(json: Json | undefined): number {
  return typeof json === 'number' ? json : NaN;
}

export function numbersOf(json: Json | undefined): number[] {
  return isList(json) ? json.map(numberOf) : [];
}

/** `Array.isArray` for JSON, whose lists are read-only. */
export function isList(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}
