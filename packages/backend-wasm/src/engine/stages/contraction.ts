/** Products of spikes with fixed weights: what convolutions and linear layers are to the kernels. */
import { linear } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Recognition } from '../stage.ts';
import { type ChannelAxis, extentOf, spikeValue } from '../value.ts';
import { type EventLines, longestLine } from './events.ts';

const conv2dOp = 'spikeloom/conv2d';

/** Products of weights with windows of a map; a linear layer has windows of one position. */
export interface Contraction {
  readonly x: Slot;
  readonly out: Slot;
  readonly weight: Slot;
  readonly bias: Slot | undefined;
  readonly axis: ChannelAxis;
  readonly lines: EventLines;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Top, and left. */
  readonly margin: readonly [number, number];
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outputs: number;
}

/** The contraction that an instruction is, if the kernels can do it. */
export function contractionOf(
  recognition: Recognition,
  instruction: Instruction<TfTensor>,
): Contraction | undefined {
  const found = readContraction(recognition, instruction);
  const contraction = found && inWholeBlocks(found, recognition.lanes);
  return contraction && fits(recognition, contraction) ? contraction : undefined;
}

function readContraction(
  recognition: Recognition,
  { node, inputs, outputs }: Instruction<TfTensor>,
): Contraction | undefined {
  if (node.op !== conv2dOp && node.op !== linear.id) return undefined;
  const [x, weight] = [inputs['x'] as Slot, inputs['weight'] as Slot];
  const out = outputs['out']!;
  const bias = inputs['bias'] as Slot | undefined;
  const axis = node.op === conv2dOp ? 'first' : 'last';
  const [type, outType] = [recognition.type(x), recognition.type(out)];
  const from = extentOf(type.shape, axis, recognition.batch);
  const to = extentOf(outType.shape, axis, recognition.batch);
  if (!from || !to) return undefined;
  const slots = { x, out, weight, bias, axis, outputs: to.channels } as const;
  if (node.op === linear.id) {
    return {
      ...slots,
      lines: { groups: 1, height: from.positions, width: 1, channels: from.channels },
      kernel: [1, 1],
      stride: [1, 1],
      margin: [0, 0],
      outHeight: to.positions,
      outWidth: 1,
    };
  }
  const { stride, padding, dilation, groups } = node.attributes as {
    readonly stride: readonly [number, number];
    readonly padding: readonly [number, number, number, number];
    readonly dilation: readonly [number, number];
    readonly groups: number;
  };
  const [, , height, width] = type.shape.map(Number) as [number, number, number, number];
  const [, , outHeight, outWidth] = outType.shape.map(Number) as [number, number, number, number];
  const kernel = recognition.type(weight).shape.slice(2).map(Number) as [number, number];
  if (dilation.some((step) => step !== 1)) return undefined;
  // Windows of one position need no neighbours: every position is a line of its own.
  const isPointwise = groups === 1 && kernel.every((size) => size === 1);
  if (isPointwise && stride.every((step) => step === 1) && padding.every((zeros) => zeros === 0)) {
    return {
      ...slots,
      lines: { groups, height: from.positions, width: 1, channels: from.channels },
      kernel,
      stride,
      margin: [0, 0],
      outHeight: to.positions,
      outWidth: 1,
    };
  }
  return {
    ...slots,
    lines: { groups, height, width, channels: from.channels / groups },
    kernel,
    stride,
    margin: [padding[0], padding[2]],
    outHeight,
    outWidth,
  };
}

/** More groups as one would waste more than events save. */
const mostTogether = 4;

/**
 * Neighbouring groups as one, with weights of 0 between them, where the outputs of a group are no whole blocks;
 * undefined where that takes too many.
 */
function inWholeBlocks(contraction: Contraction, lanes: number): Contraction | undefined {
  const { lines, outputs } = contraction;
  const { groups, channels } = lines;
  for (let together = 1; together <= Math.min(groups, mostTogether); together++) {
    if (groups % together !== 0) continue;
    const isWhole =
      ((outputs / groups) * together) % lanes === 0 && (channels * together) % 8 === 0;
    if (!isWhole && together < groups) continue;
    const merged = { groups: groups / together, channels: channels * together };
    return { ...contraction, lines: { ...lines, ...merged } };
  }
  return undefined;
}

/** Whether the kernels can do it: spikes with fixed weights, in lines that are not too long. */
function fits(recognition: Recognition, { x, weight, bias, lines, kernel }: Contraction): boolean {
  const { width, channels } = lines;
  return (
    spikeValue(recognition.type(x)) !== undefined &&
    recognition.fixed(weight) !== undefined &&
    (bias === undefined || recognition.fixed(bias) !== undefined) &&
    width * channels <= longestLine &&
    kernel[0] * kernel[1] * channels <= longestLine
  );
}
