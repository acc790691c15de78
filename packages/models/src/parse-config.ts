import * as v from 'valibot';
import { SpikeloomError } from '@spikeloom/ir';

type ConfigSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/** Checks a configuration of unknown origin and fills in defaults. */
export function parseConfig<S extends ConfigSchema>(schema: S, source: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, source);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? '';
  const unknown = issue.type === 'strict_object' && issue.expected === 'never';
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: field ? `config.${field}` : 'config',
    message: unknown ? 'the configuration has an unknown field' : 'the configuration is not valid',
    expected: unknown ? Object.keys(schema.entries).join(', ') : (issue.expected ?? issue.message),
    got: issue.received,
  });
}

/** Throws for the first rule that does not hold: `[whether it holds, field, what was expected]`. */
export function requireConsistent(
  rules: readonly (readonly [holds: boolean, field: string, expected: string])[],
): void {
  for (const [holds, field, expected] of rules) {
    if (holds) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: `config.${field}`,
      message: 'the configuration contradicts itself',
      expected,
    });
  }
}
