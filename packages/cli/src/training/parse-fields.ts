import { SpikeloomError } from '@spikeloom/ir';
import * as v from 'valibot';

/** Checks a value of unknown origin and fills in defaults; the error names the field. */
export function parseFields<Schema extends v.GenericSchema>(
  schema: Schema,
  given: unknown,
  path: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, given);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue);
  const isUnknown = issue.expected === 'never';
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: field === null ? path : `${path}.${field}`,
    message: isUnknown
      ? 'the configuration has an unknown field'
      : 'the configuration is not valid',
    ...(isUnknown ? {} : { expected: issue.expected ?? issue.message, got: issue.received }),
  });
}

/** Lets a choice be given by its name alone, where it needs no settings. */
export function byName<
  const Key extends string,
  Schema extends v.GenericSchema<Readonly<Record<Key, string>>>,
>(key: Key, schema: Schema) {
  type Given = v.InferInput<Schema>;
  return v.pipe(
    v.custom<Given | Given[Key]>(() => true),
    v.transform((given): Given => (typeof given === 'string' ? { [key]: given } : given) as Given),
    schema,
  );
}

/** Whether a value is an object with a field of that name. */
export function has<Key extends string>(
  given: unknown,
  key: Key,
): given is Readonly<Record<Key, unknown>> {
  return typeof given === 'object' && given !== null && key in given;
}
