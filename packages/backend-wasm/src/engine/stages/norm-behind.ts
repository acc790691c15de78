import { batchNorm, primitives } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Recognition } from '../stage.ts';
import type { ChannelAxis } from '../value.ts';
import { onlyReader } from './products.ts';

/**
 * The only reader of a value if that normalises its channels. Tokens have their channels last, where a normalisation does
 * not look for them: there it stands between two transpositions.
 *
 * @returns the normalisation, and all that lies between the value and what it becomes
 */
export function normBehind(
  recognition: Recognition,
  out: Slot,
  axis: ChannelAxis,
):
  | { readonly norm: Instruction<TfTensor>; readonly nodes: readonly Instruction<TfTensor>[] }
  | undefined {
  const next = onlyReader(recognition, out);
  const rank = recognition.type(out).shape.length;
  if (axis === 'first' || rank === 2)
    return isNorm(next, out) ? { norm: next, nodes: [next] } : undefined;
  if (!isTurn(next)) return undefined;
  const turned = next.outputs['out']!;
  const norm = onlyReader(recognition, turned);
  if (!isNorm(norm, turned)) return undefined;
  const back = onlyReader(recognition, norm.outputs['out']!);
  return isTurn(back) ? { norm, nodes: [next, norm, back] } : undefined;
}

function isNorm(
  instruction: Instruction<TfTensor> | undefined,
  x: Slot,
): instruction is Instruction<TfTensor> {
  return instruction?.node.op === batchNorm.id && instruction.inputs['x'] === x;
}

/** `[N, tokens, channels]` to `[N, channels, tokens]`, or back. */
function isTurn(
  instruction: Instruction<TfTensor> | undefined,
): instruction is Instruction<TfTensor> {
  const order = instruction?.node.attributes['permutation'] as readonly number[] | undefined;
  return instruction?.node.op === primitives.transpose.id && order?.join() === '0,2,1';
}
