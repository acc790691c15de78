import { mapNames } from './builder.ts';
import { inputRefs, nodeIdOf } from './graph.ts';
import type { AnyOperator, NodeAttributes, PerName } from './operator.ts';
import type { Registry } from './registry.ts';
import { lowerAlone } from './states-of.ts';
import type { ValueType } from './value-type.ts';

/** A call of an operator, by the types of what goes in and comes out. */
export interface TypedCall {
  readonly op: AnyOperator;
  readonly inputs: PerName<ValueType>;
  readonly attributes: NodeAttributes;
  readonly outputs: readonly ValueType[];
}

/**
 * Whether a call treats every row of the batch axis by itself, with that axis first, so that the rows of
 * all timesteps can go through it at once.
 *
 * @param batch the size name that counts samples
 */
export function isRowWise(call: TypedCall, registry: Registry, batch: string): boolean {
  const leads = (one: ValueType): boolean => one.shape.lastIndexOf(batch) === 0;
  const has = (one: ValueType): boolean => one.shape.includes(batch);
  const given = Object.values(mapNames(call.inputs, (type) => type)).flat();
  if (!call.outputs.every(leads) || !given.every((one) => !has(one) || leads(one))) return false;
  return call.op.lower ? lowersRowWise(call, registry, batch) : call.op.mixesSamples !== true;
}

function lowersRowWise(
  { op, inputs, attributes }: TypedCall,
  registry: Registry,
  batch: string,
): boolean {
  const carrying = new Set<string>();
  for (const node of lowerAlone(op, inputs, attributes)) {
    const results = Object.values(node.outputs);
    const fromBatch = inputRefs(node).some((ref) => carrying.has(nodeIdOf(ref)));
    const carries = results.some((type) => type.shape.includes(batch));
    if (fromBatch || carries) carrying.add(node.id);
    if (fromBatch && !results.every((type) => type.shape.lastIndexOf(batch) === 0)) return false;
    if (fromBatch && registry.operator(node.op).mixesSamples) return false;
  }
  return true;
}
