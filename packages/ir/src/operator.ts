import type { AttributeInput, Attributes, AttributeSpec, Json } from './attributes.ts';
import type { Builder, Value } from './builder.ts';
import type { DType, ValueType } from './value-type.ts';
import type { Work } from './work.ts';

/** What an operator accepts at one of its inputs. */
export interface InputRule {
  readonly dtype: DType | 'any';
  readonly optional?: true;
  /** A list of values instead of one. */
  readonly variadic?: true;
}

export type InputSpec = Readonly<Record<string, InputRule>>;

/** A float32 value: real numbers, spikes or graded spikes. */
export const anyReal = { dtype: 'float32' } as const satisfies InputRule;
/** A value of whole numbers, for indices. */
export const anyInteger = { dtype: 'int32' } as const satisfies InputRule;
/** A truth value per element. */
export const anyBool = { dtype: 'bool' } as const satisfies InputRule;
/** A value of any dtype. */
export const anyValue = { dtype: 'any' } as const satisfies InputRule;
/** A float32 value that may be left out. */
export const optionalReal = { dtype: 'float32', optional: true } as const satisfies InputRule;
/** A list of values of any dtype. */
export const manyValues = { dtype: 'any', variadic: true } as const satisfies InputRule;

type PerInput<I extends InputSpec, T> = {
  readonly [K in keyof I]: I[K] extends { variadic: true }
    ? readonly T[]
    : I[K] extends { optional: true }
      ? T | undefined
      : T;
};

/** The types of an operator's inputs, as its rules receive them. */
export type InputTypes<I extends InputSpec> = PerInput<I, ValueType>;
/** The values of an operator's inputs, as its lowering receives them. */
export type InputValues<I extends InputSpec> = PerInput<I, Value>;

/** What a caller passes: values, or numbers for constants. */
export type Operand = Value | number;
export type Operands<I extends InputSpec> = {
  readonly [K in keyof I as I[K] extends { optional: true } ? never : K]: I[K] extends {
    variadic: true;
  }
    ? readonly Operand[]
    : Operand;
} & {
  readonly [K in keyof I as I[K] extends { optional: true } ? K : never]?: Operand | undefined;
};

/** A seeded random input of the conformance suite. */
export interface ExampleInput {
  readonly shape: readonly number[];
  /** `normal` (default): unit normal. `positive`: between 0.1 and 2. `spikes`: zeros and ones. `indices`: whole numbers below `below`. */
  readonly fill?: 'normal' | 'positive' | 'spikes' | 'indices';
  readonly below?: number;
}

/** One call of the operator that every backend must answer alike. */
export interface OperatorExample<I extends InputSpec, A extends AttributeSpec> {
  readonly inputs: {
    readonly [K in keyof I]?: I[K] extends { variadic: true }
      ? readonly ExampleInput[]
      : ExampleInput;
  };
  readonly attributes?: AttributeInput<A>;
  /** Timesteps to run; 1 by default. */
  readonly timesteps?: number;
  /** Allowed difference between backends; 1e-5 by default. Values that decide spikes must agree exactly. */
  readonly tolerance?: number;
}

/** What is said of an operator apart from its rules. */
interface OperatorFacts {
  /** `vendor/name` or `vendor.package/name`. */
  readonly id: string;
  /** Counts up when files written before can no longer be read as they were meant. */
  readonly version: number;
  /** One sentence. */
  readonly summary: string;
  /** The meaning as an equation, in plain text. */
  readonly equation?: string;
  /** Paper, section or equation, or standard. */
  readonly source?: string;
  /**
   * Groups of inputs in which the operator is jointly affine while the others stay fixed. Such an
   * operator commutes with the mean over time, so conversion leaves it alone.
   */
  readonly affineIn?: readonly (readonly string[])[];
  /** Whether it is a weighted sum whose data input should be spikes (linear, convolution). */
  readonly synaptic?: true;
  /** `sequence`: training looks across timesteps, so it needs the multi-step schedule. */
  readonly trainingScope?: 'step' | 'sequence';
  /** It lets samples of a batch see each other although the batch axis stays first (gather along it). */
  readonly mixesSamples?: true;
  /** How the signal kind of the output follows from the inputs, for the documentation. */
  readonly signalRule?: string;
}

/**
 * An operator: what it is called, what it takes, what comes out, what it means. Made by `defineOp`.
 * Operators with a `lower` run on every backend; those without one are primitives.
 */
export interface Operator<
  I extends InputSpec,
  A extends AttributeSpec,
  O extends string,
> extends OperatorFacts {
  readonly inputs: I;
  readonly attributes: A;
  /** The types of the outputs; throws a `SpikeloomError` when the inputs do not fit. */
  outputs(types: InputTypes<I>, attributes: Attributes<A>): Readonly<Record<O, ValueType>>;
  /** The meaning, in simpler operators. */
  lower?(
    builder: Builder,
    inputs: InputValues<I>,
    attributes: Attributes<A>,
  ): Readonly<Record<O, Value>>;
  /** The arithmetic of one timestep; only primitives need it. Shapes are numbers here. */
  work?(
    types: InputTypes<I>,
    attributes: Attributes<A>,
    outputs: Readonly<Record<O, ValueType>>,
  ): Work;
  /** What the conformance suite runs: at least one, but for what the runtime itself does (inputs, weights, states). */
  readonly examples: readonly OperatorExample<I, A>[];
}

/** By input name: one, or a list where the operator takes one. */
export type PerName<T> = Readonly<Record<string, T | readonly T[] | undefined>>;

/** An operator to a holder that does not know its exact types; every `Operator` is one. */
export interface AnyOperator extends OperatorFacts {
  readonly inputs: InputSpec;
  readonly attributes: AttributeSpec;
  // Methods, because their parameters compare bivariantly: the caller has checked inputs and attributes.
  outputs(
    types: PerName<ValueType>,
    attributes: NodeAttributes,
  ): Readonly<Record<string, ValueType>>;
  lower?(
    builder: Builder,
    inputs: PerName<Value>,
    attributes: NodeAttributes,
  ): Readonly<Record<string, Value>>;
  work?(
    types: PerName<ValueType>,
    attributes: NodeAttributes,
    outputs: Readonly<Record<string, ValueType>>,
  ): Work;
  readonly examples: readonly {
    readonly inputs: PerName<ExampleInput>;
    readonly attributes?: unknown;
    readonly timesteps?: number;
    readonly tolerance?: number;
  }[];
}

/** Declares an operator. Types, validation, documentation and conformance tests all come from this one object. */
export function defineOp<const I extends InputSpec, A extends AttributeSpec, O extends string>(
  definition: Operator<I, A, O>,
): Operator<I, A, O> {
  return Object.freeze(definition);
}

/** The attribute values of a node in a file. */
export type NodeAttributes = Readonly<Record<string, Json>>;
