import * as v from 'valibot';
import { SpikeloomError } from './error.ts';

/**
 * The attributes of an operator, as data: a valibot schema per name. The schemas check values, fill in
 * defaults, give the TypeScript types, and print as JSON Schema in `inspect`.
 */
export type AttributeSpec = v.ObjectEntries;

/** What a caller may write: attributes with a default can be left out. */
export type AttributeInput<A extends AttributeSpec> = v.InferInput<
  v.StrictObjectSchema<A, undefined>
>;

/** What a definition receives: every attribute, checked. */
export type Attributes<A extends AttributeSpec> = v.InferOutput<v.StrictObjectSchema<A, undefined>>;

/** Anything an attribute may hold, so that a graph is always JSON. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const finite = v.pipe(v.number(), v.finite());
const wholeNumber = v.pipe(v.number(), v.safeInteger());

/** Any finite number. */
export function real(fallback: number): v.OptionalSchema<typeof finite, number> {
  return v.optional(finite, fallback);
}

const greaterThanZero = v.pipe(v.number(), v.finite(), v.gtValue(0));
/** A number greater than zero. */
export function positive(fallback: number): v.OptionalSchema<typeof greaterThanZero, number> {
  return v.optional(greaterThanZero, fallback);
}

/** An attribute that must be given: a finite number. */
export const requiredReal: typeof finite = finite;

/** An attribute that must be given: a finite number that is not negative. */
export const requiredNonNegative = v.pipe(v.number(), v.finite(), v.minValue(0));

/** An attribute that must be given: a whole number, negative ones included. */
export const requiredInteger: typeof wholeNumber = wholeNumber;

/** A whole number. */
export function integer(fallback: number): v.OptionalSchema<typeof wholeNumber, number> {
  return v.optional(wholeNumber, fallback);
}

const counting = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** A whole number of at least one. */
export function count(fallback: number): v.OptionalSchema<typeof counting, number> {
  return v.optional(counting, fallback);
}

export function bool(fallback: boolean): v.OptionalSchema<v.BooleanSchema<undefined>, boolean> {
  return v.optional(v.boolean(), fallback);
}

/** One of the given words; the first is the default. */
export function oneOf<const T extends readonly [string, ...string[]]>(
  ...options: T
): v.OptionalSchema<v.PicklistSchema<T, undefined>, T[0]> {
  return v.optional(v.picklist(options), options[0]);
}

/** A schema that also accepts `null`, with a default. */
export function nullable<S extends v.GenericSchema>(
  schema: S,
  fallback: v.InferOutput<S> | null,
): v.OptionalSchema<v.NullableSchema<S, undefined>, () => v.InferOutput<S> | null> {
  return v.optional(v.nullable(schema, undefined), () => fallback);
}

/** Whole numbers; negative ones count axes from the end where a rule says so. */
export const integers = v.pipe(v.array(wholeNumber), v.readonly());

/** The name of a size. */
export const sizeName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z]\w*$/, 'a size name of letters and digits'),
);

/** A shape: numbers and names of sizes. */
export const shape = v.pipe(
  v.array(v.union([v.pipe(v.number(), v.safeInteger(), v.minValue(-1)), sizeName])),
  v.readonly(),
);

/** Height and width. */
export function pair(
  fallback: readonly [number, number],
): v.OptionalSchema<typeof pairSchema, readonly [number, number]> {
  return v.optional(pairSchema, fallback);
}
const pairSchema = v.pipe(v.strictTuple([counting, counting]), v.readonly());

/** `[top, bottom, left, right]`, in elements. */
export const margins = v.optional(
  v.pipe(v.strictTuple([naturals(), naturals(), naturals(), naturals()]), v.readonly()),
  [0, 0, 0, 0] as const,
);

function naturals() {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(0));
}

/** Checks attributes against their schemas and fills in defaults. */
export function parseAttributes<A extends AttributeSpec>(spec: A, given: unknown): Attributes<A> {
  const result = v.safeParse(v.strictObject(spec), given ?? {});
  if (result.success) return result.output;
  const [issue] = result.issues;
  const name = v.getDotPath(issue) ?? '';
  throw new SpikeloomError({
    code: 'invalid-attribute',
    message: `attribute "${name}" is not valid`,
    expected: issue.expected ?? issue.message,
    got: issue.received,
  });
}
