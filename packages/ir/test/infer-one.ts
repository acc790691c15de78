import {
  type AnyOperator,
  createBuilder,
  mapNames,
  type PerName,
  type Signal,
  type ValueType,
} from '@spikeloom/ir';

/** The output types of one call of an operator, at the path `op`. */
export function inferOne(
  op: AnyOperator,
  inputs: PerName<ValueType>,
  attributes?: unknown,
): Readonly<Record<string, ValueType>> {
  const builder = createBuilder();
  let index = 0;
  const values = mapNames(inputs, ({ shape, dtype, signal }) =>
    builder.input(`input_${index++}`, shape, { dtype, signal }),
  );
  return Object.fromEntries(
    Object.entries(builder.apply(op, values, attributes, 'op')).map(([name, value]) => [
      name,
      value.type,
    ]),
  );
}

/** A graded signal as multi-threshold neurons make it. */
export const gradedSignal: Signal = { kind: 'graded', positive: 0.5, negative: 0.25, levels: 3 };
