/** The device as the engine sees it: operators that it takes as a whole are not lowered. */
import type { GraphNode } from '@spikeloom/ir';
import type { Device, Kernel } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { isNeuronLayer, neuronOps } from './neuron.ts';
import { canAttend, dssaOp } from './stages/attend.ts';

export function engineDevice(device: Device<TfTensor>, batch: string): Device<TfTensor> {
  const neuronKernels = neuronOps.map((op) =>
    taken(device, op, (node) => isNeuronLayer(node, batch)),
  );
  const whole = [...neuronKernels, taken(device, dssaOp, (node) => canAttend(node, batch))];
  const names = new Set(whole.map(({ op }) => op));
  return { ...device, kernels: [...device.kernels.filter(({ op }) => !names.has(op)), ...whole] };
}

/** Whether nothing but a stage of the engine can run the operator. */
export function needsStage({ kernels }: Device<TfTensor>, op: string): boolean {
  return [...neuronOps, dssaOp].includes(op) && !kernels.some((kernel) => kernel.op === op);
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
