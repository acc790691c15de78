/** The device as the engine sees it: operators that it takes as a whole are not lowered. */
import type { GraphNode } from '@spikeloom/ir';
import type { Device, Kernel } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { isNeuronLayer, neuronOps } from './neuron.ts';
import { canAttend, dssaOp } from './stages/attend.ts';
import { canGate, qkTokenAttentionOp, spikeDrivenAttentionOp } from './stages/gate.ts';

/** Whether the stage of an operator can do a node, from what the node says. */
const whole: ReadonlyMap<string, (node: GraphNode, batch: string) => boolean> = new Map([
  ...neuronOps.map((op) => [op, isNeuronLayer] as const),
  [dssaOp, canAttend],
  [qkTokenAttentionOp, canGate],
  [spikeDrivenAttentionOp, canGate],
]);

/**
 * @param lowered nodes that are not taken as a whole, because what they read does not suit their stage
 */
export function engineDevice(
  device: Device<TfTensor>,
  batch: string,
  lowered: ReadonlySet<string>,
): Device<TfTensor> {
  const kernels = [...whole].map(([op, can]) =>
    taken(device, op, (node) => can(node, batch) && !lowered.has(node.id)),
  );
  return { ...device, kernels: [...device.kernels.filter(({ op }) => !whole.has(op)), ...kernels] };
}

/** Whether nothing but a stage of the engine can run the operator. */
export function needsStage({ kernels }: Device<TfTensor>, op: string): boolean {
  return whole.has(op) && !kernels.some((kernel) => kernel.op === op);
}

/** An operator that the engine takes as a whole where it can, and leaves to the device where not. */
function taken(
  { kernels }: Device<TfTensor>,
  op: string,
  isTaken: (node: GraphNode) => boolean,
): Kernel<TfTensor> {
  const plain = kernels.find((kernel) => kernel.op === op);
  return {
    op,
    accepts: (node) => isTaken(node) || (plain !== undefined && (plain.accepts?.(node) ?? true)),
    run(call) {
      if (plain) return plain.run(call);
      throw new Error(`${op} is part of a stage`);
    },
  };
}
