import type { AttributeInput, AttributeSpec, Json } from './attributes.ts';
import { locate, SpikeloomError } from './error.ts';
import { type Graph, type GraphNode, type Ref, refOf } from './graph.ts';
import { inferOutputs } from './infer.ts';
import type { AnyOperator, InputSpec, Operand, Operands, Operator, PerName } from './operator.ts';
import * as ops from './operators/structure.ts';
import { PrimitiveMethods } from './primitive-methods.ts';
import type { Tensor } from './tensor.ts';
import { type DType, type Shape, type Signal, type ValueType } from './value-type.ts';

/** A value of a graph under construction. */
export interface Value {
  readonly ref: Ref;
  readonly type: ValueType;
  /** The graph it belongs to. */
  readonly owner: object;
}

export interface BuilderOptions {
  readonly name?: string;
  /** Operators to keep as one node; the others are lowered as they are added. Keeps all by default. */
  readonly keep?: (op: AnyOperator, node: GraphNode) => boolean;
  /** Names that automatic ones avoid, because they will be given later. */
  readonly reserved?: ReadonlySet<string>;
}

/** Starts a graph. */
export function createBuilder(options: BuilderOptions = {}): Builder {
  const core: Core = {
    name: options.name ?? 'graph',
    nodes: [],
    ids: new Set(),
    constants: new Map(),
    outputs: {},
    weights: new Map(),
    keep: options.keep ?? (() => true),
    reserved: options.reserved ?? new Set(),
  };
  return new Builder(core, '');
}

interface Core {
  readonly name: string;
  readonly nodes: GraphNode[];
  readonly ids: Set<string>;
  readonly constants: Map<string, Value>;
  readonly outputs: Record<string, Ref>;
  readonly weights: Map<string, Tensor>;
  readonly keep: (op: AnyOperator, node: GraphNode) => boolean;
  readonly reserved: ReadonlySet<string>;
}

/**
 * Adds nodes to a graph, in the scope it stands for. Every method checks shapes and signals at once and
 * takes an optional last argument that names the node. Numbers may stand wherever a value is expected.
 */
export class Builder extends PrimitiveMethods {
  readonly #core: Core;
  /** The path of this scope; empty at the root. */
  readonly path: string;

  constructor(core: Core, path: string) {
    super();
    this.#core = core;
    this.path = path;
  }

  /** A scope below this one: `scope('blocks.0').scope('attn')` names nodes `blocks.0.attn.…`. */
  scope(name: string): Builder {
    return new Builder(this.#core, this.#pathOf(name));
  }

  /** Adds any operator and returns its outputs by name. */
  apply<I extends InputSpec, A extends AttributeSpec, O extends string>(
    op: Operator<I, A, O>,
    inputs: Operands<I>,
    attributes?: AttributeInput<A>,
    name?: string,
  ): Record<O, Value>;
  apply(
    op: AnyOperator,
    inputs: PerName<Operand>,
    attributes?: unknown,
    name?: string,
  ): Record<string, Value>;
  apply(
    op: AnyOperator,
    inputs: PerName<Operand>,
    attributes: unknown = {},
    name?: string,
  ): Record<string, Value> {
    const id = this.#claim(name, op.id.slice(op.id.indexOf('/') + 1));
    try {
      const values = mapNames(inputs, (operand) => this.#own(operand));
      const types = mapNames(values, (value) => value.type);
      const inferred = inferOutputs(op, types, attributes);
      const refs = mapNames(values, (value) => value.ref);
      const node = { id, op: op.id, version: op.version, inputs: refs, ...inferred };
      if (op.lower && !this.#core.keep(op, node)) {
        return op.lower(new Builder(this.#core, id), values, inferred.attributes);
      }
      return this.#append(node);
    } catch (error) {
      throw locate(error, id);
    }
  }

  /** Data from outside, held for all timesteps or given anew at each. */
  input(name: string, shape: Shape, options: { dtype?: DType; signal?: Signal } = {}): Value {
    return this.apply(ops.input, {}, { shape: [...shape], ...options }, name).out;
  }

  /** A weight under this scope's path. Its tensor may come now or with `withWeights`. */
  param(
    name: string,
    shape: Shape,
    options: { tensor?: Tensor; dtype?: DType; trainable?: boolean } = {},
  ): Value {
    const { tensor, ...attributes } = options;
    const value = this.apply(ops.param, {}, { shape: [...shape], ...attributes }, name).out;
    if (tensor) this.#core.weights.set(value.ref, tensor);
    return value;
  }

  /** A statistic that only training changes, such as a running mean. */
  buffer(name: string, shape: Shape, options: { tensor?: Tensor } = {}): Value {
    const value = this.apply(ops.buffer, {}, { shape: [...shape] }, name).out;
    if (options.tensor) this.#core.weights.set(value.ref, options.tensor);
    return value;
  }

  /** A number as a scalar value; the same number is the same node within a scope. */
  constant(value: number, dtype: DType = 'float32'): Value {
    const key = `${this.path}|${dtype}|${Object.is(value, -0) ? '-0' : value}`;
    const known = this.#core.constants.get(key);
    if (known) return known;
    const made = this.apply(ops.constant, {}, { value, dtype }).out;
    this.#core.constants.set(key, made);
    return made;
  }

  /** What survives to the next timestep. `like` gives the shape; write it exactly once with `write`. */
  state(name: string, options: { like: Value | Shape; initial?: number; signal?: Signal }): Value {
    const shape = 'ref' in options.like ? options.like.type.shape : options.like;
    const { initial = 0, signal } = options;
    const attributes = { shape: [...shape], initial, ...(signal ? { signal } : {}) };
    return this.apply(ops.state, {}, attributes, name).out;
  }

  /** Sets what a state holds at the next timestep. */
  write(state: Value, value: Operand): void {
    const relative =
      this.path && state.ref.startsWith(`${this.path}.`)
        ? state.ref.slice(this.path.length + 1)
        : state.ref;
    this.apply(ops.write, { state, value }, {}, `${relative}.write`);
  }

  /** The index of the current timestep, from 0. */
  step(name?: string): Value {
    return this.apply(ops.step, {}, {}, name).out;
  }

  /** Names a value as an output of the graph. */
  output(name: string, value: Value): void {
    this.#own(value);
    if (Object.hasOwn(this.#core.outputs, name)) throw alreadyExists(`output "${name}"`);
    this.#core.outputs[name] = value.ref;
  }

  /** The finished graph. */
  build(metadata: Readonly<Record<string, Json>> = {}): Graph {
    const { name, nodes, outputs, weights } = this.#core;
    return {
      name,
      nodes: [...nodes],
      outputs: { ...outputs },
      weights: new Map(weights),
      metadata,
    };
  }

  #append(node: GraphNode): Record<string, Value> {
    this.#core.nodes.push(node);
    return Object.fromEntries(
      Object.entries(node.outputs).map(([output, type]) => [
        output,
        { ref: refOf(node, output), type, owner: this.#core },
      ]),
    );
  }

  #own(operand: Operand): Value {
    if (typeof operand === 'number') return this.constant(operand);
    if (operand.owner !== this.#core) {
      throw new SpikeloomError({
        code: 'foreign-value',
        message: `value "${operand.ref}" belongs to another graph`,
        fix: 'build everything that is connected with one builder',
      });
    }
    return operand;
  }

  #pathOf(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }

  #claim(name: string | undefined, fallback: string): string {
    const { ids, reserved } = this.#core;
    if (name !== undefined) {
      if (!/^[^\s:"]+$/.test(name)) {
        throw new SpikeloomError({
          code: 'invalid-argument',
          message: 'a node name has no spaces, colons or quotes',
          got: `"${name}"`,
        });
      }
      const id = this.#pathOf(name);
      if (ids.has(id)) throw alreadyExists(`node "${id}"`);
      ids.add(id);
      return id;
    }
    let id = this.#pathOf(fallback);
    for (let suffix = 2; ids.has(id) || reserved.has(id); suffix++)
      id = this.#pathOf(`${fallback}_${suffix}`);
    ids.add(id);
    return id;
  }
}

/** Applies a function to every value or list of values, leaving out what is not given. */
export function mapNames<T, U>(
  named: PerName<T>,
  convert: (item: T) => U,
): Record<string, U | readonly U[]> {
  const result: Record<string, U | readonly U[]> = {};
  for (const [name, item] of Object.entries(named)) {
    if (item === undefined) continue;
    result[name] = isList(item) ? item.map(convert) : convert(item);
  }
  return result;
}

function isList<T>(item: T | readonly T[]): item is readonly T[] {
  return Array.isArray(item);
}

function alreadyExists(what: string): SpikeloomError {
  return new SpikeloomError({
    code: 'already-exists',
    message: `${what} exists already`,
    fix: 'choose another name',
  });
}
