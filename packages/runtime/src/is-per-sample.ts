import {
  type AnyOperator,
  inputRefs,
  lowerAlone,
  mapNames,
  type NodeAttributes,
  nodeIdOf,
  type PerName,
  type Registry,
  type ValueType,
} from '@spikeloom/ir';
import type { Instruction, Plan, Slot } from './plan.ts';

/**
 * Whether an instruction treats every row of the batch axis by itself, with that axis first, so that the
 * rows of all timesteps can go through it at once.
 */
export function isPerSample<H>(
  { node, op, inputs, outputs }: Instruction<H>,
  plan: Plan<H>,
  batch: string,
): boolean {
  const type = (slot: Slot): ValueType => plan.types[slot]!;
  const leads = (one: ValueType): boolean => one.shape.lastIndexOf(batch) === 0;
  const has = (one: ValueType): boolean => one.shape.includes(batch);
  const given = (Object.values(inputs).flat() as Slot[]).map(type);
  const results = Object.values(outputs).map(type);
  if (!results.every(leads) || !given.every((one) => !has(one) || leads(one))) return false;
  return op.lower
    ? lowersPerSample(op, mapNames(inputs, type), node.attributes, plan.registry, batch)
    : op.mixesSamples !== true;
}

function lowersPerSample(
  op: AnyOperator,
  types: PerName<ValueType>,
  attributes: NodeAttributes,
  registry: Registry,
  batch: string,
): boolean {
  const nodes = lowerAlone(op, types, attributes);
  const carrying = new Set<string>();
  for (const node of nodes) {
    const results = Object.values(node.outputs);
    const fromBatch = inputRefs(node).some((ref) => carrying.has(nodeIdOf(ref)));
    const carries = results.some((type) => type.shape.includes(batch));
    if (fromBatch || carries) carrying.add(node.id);
    if (fromBatch && !results.every((type) => type.shape.lastIndexOf(batch) === 0)) return false;
    if (fromBatch && registry.operator(node.op).mixesSamples) return false;
  }
  return true;
}
