import { createBuilder, mapNames } from './builder.ts';
import type { GraphNode } from './graph.ts';
import type { AnyOperator, NodeAttributes, PerName } from './operator.ts';
import type { ValueType } from './value-type.ts';

/** A state inside an operator, by its path below the node: `v`, or `norm.sum`. */
export interface InnerState {
  readonly name: string;
  readonly type: ValueType;
  readonly initial: number;
}

/** The states an operator's lowering makes. A kernel that replaces the lowering keeps the same ones. */
export function statesOf(
  op: AnyOperator,
  types: PerName<ValueType>,
  attributes: NodeAttributes,
): InnerState[] {
  return lowerAlone(op, types, attributes)
    .filter((node) => node.op === 'spikeloom/state')
    .map((node) => ({
      name: node.id.slice('op.'.length),
      type: node.outputs['out']!,
      initial: Number(node.attributes['initial']),
    }));
}

/** The primitive nodes of an operator called `op`, on inputs named like its own. */
export function lowerAlone(
  op: AnyOperator,
  types: PerName<ValueType>,
  attributes: NodeAttributes,
): readonly GraphNode[] {
  const builder = createBuilder({ keep: (inner) => inner.lower === undefined });
  let index = 0;
  const inputs = mapNames(types, ({ shape, dtype, signal }) =>
    builder.input(`input_${index++}`, shape, { dtype, signal }),
  );
  builder.apply(op, inputs, attributes, 'op');
  return builder.build().nodes;
}
