import { allocate, isRowWise, mapNames, sizeOf, type Tensor } from '@spikeloom/ir';
import type { Prepared } from '@spikeloom/runtime';

/** Joins tensors along the axis that counts samples; with none (-1) they are all the same. */
export function joinRows(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (tensors.length === 1 || axis < 0) return first!;
  const rows = tensors.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first!.shape.map((size, index) => (index === axis ? rows : size));
  const data = allocate(first!.dtype, sizeOf(shape));
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  let before = 0;
  for (const tensor of tensors) {
    const length = tensor.shape[axis]! * inner;
    for (let block = 0; block < outer; block++) {
      const part = tensor.data.subarray(block * length, (block + 1) * length);
      data.set(part, (block * rows + before) * inner);
    }
    before += tensor.shape[axis]!;
  }
  return { shape, dtype: first!.dtype, data };
}

/** Whether samples can run apart from each other. */
export function runsRowWise<H>({ plan, instructions }: Prepared<H>, batch: string): boolean {
  return instructions.every(({ op, node, inputs, outputs }) => {
    const made = Object.values(outputs).map((slot) => plan.types[slot]!);
    const call = {
      op,
      inputs: mapNames(inputs, (slot) => plan.types[slot]!),
      attributes: node.attributes,
      outputs: made,
    };
    const hasSamples = made.some(({ shape }) => shape.includes(batch));
    return !hasSamples || isRowWise(call, plan.registry, batch);
  });
}
