import { isRowWise, mapNames } from '@spikeloom/ir';
import type { Instruction, Plan } from './plan.ts';

/** Whether the rows of all timesteps can go through an instruction at once. */
export function isPerSample<H>(
  { node, op, inputs, outputs }: Instruction<H>,
  plan: Plan<H>,
  batch: string,
): boolean {
  const call = {
    op,
    inputs: mapNames(inputs, (slot) => plan.types[slot]!),
    attributes: node.attributes,
    outputs: Object.values(outputs).map((slot) => plan.types[slot]!),
  };
  return isRowWise(call, plan.registry, batch);
}
