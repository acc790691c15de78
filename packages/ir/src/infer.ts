import { parseAttributes } from './attributes.ts';
import { SpikeloomError } from './error.ts';
import type { AnyOperator, InputRule, NodeAttributes, PerName } from './operator.ts';
import { formatType, type ValueType } from './value-type.ts';

/** Checks a call of an operator and works out what comes out of it. */
export function inferOutputs(
  op: AnyOperator,
  given: PerName<ValueType>,
  rawAttributes: unknown,
): { attributes: NodeAttributes; outputs: Readonly<Record<string, ValueType>> } {
  for (const [name, rule] of Object.entries(op.inputs)) checkInput(name, rule, given[name]);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(op.inputs, name)) {
      throw new SpikeloomError({
        code: 'unknown-input',
        message: `${op.id} has no input "${name}"`,
        expected: Object.keys(op.inputs).join(', ') || 'no inputs',
        got: name,
      });
    }
  }
  // Attribute schemas only produce JSON.
  const attributes = parseAttributes(op.attributes, rawAttributes) as NodeAttributes;
  return { attributes, outputs: op.outputs(given, attributes) };
}

function checkInput(
  name: string,
  rule: InputRule,
  given: ValueType | readonly ValueType[] | undefined,
): void {
  if (given === undefined) {
    if (rule.optional) return;
    throw new SpikeloomError({ code: 'missing-input', message: `input "${name}" was not given` });
  }
  if (Array.isArray(given) !== (rule.variadic === true)) {
    throw new SpikeloomError({
      code: 'type-mismatch',
      message: `input "${name}" takes ${rule.variadic ? 'a list of values' : 'one value'}`,
    });
  }
  for (const type of [given].flat()) {
    if (rule.dtype !== 'any' && type.dtype !== rule.dtype) {
      throw new SpikeloomError({
        code: 'type-mismatch',
        message: `input "${name}" has the wrong dtype`,
        expected: rule.dtype,
        got: formatType(type),
        fix: 'put a cast before it',
      });
    }
  }
}
