import type { AttributeInput, AttributeSpec, Json } from './attributes.ts';
import { locate, SpikeloomError } from './error.ts';
import { type Graph, type GraphNode, nodeIdOf, type Ref, refOf } from './graph.ts';
import { inferOutputs } from './infer.ts';
import type { AnyOperator, InputSpec, Operand, Operands, Operator, PerName } from './operator.ts';
import * as ops from './operators/index.ts';
import type { Surrogate } from './surrogate.ts';
import type { Tensor } from './tensor.ts';
import { type Dim, type DType, type Shape, type Signal, type ValueType } from './value-type.ts';

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
}

/**
 * Adds nodes to a graph, in the scope it stands for. Every method checks shapes and signals at once and
 * takes an optional last argument that names the node. Numbers may stand wherever a value is expected.
 */
export class Builder {
  readonly #core: Core;
  /** The path of this scope; empty at the root. */
  readonly path: string;

  constructor(core: Core, path: string) {
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

  add(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.add, { a, b }, {}, name).out;
  }
  sub(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.sub, { a, b }, {}, name).out;
  }
  mul(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.mul, { a, b }, {}, name).out;
  }
  div(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.div, { a, b }, {}, name).out;
  }
  maximum(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.maximum, { a, b }, {}, name).out;
  }
  minimum(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.minimum, { a, b }, {}, name).out;
  }
  pow(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.pow, { a, b }, {}, name).out;
  }
  greater(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.greater, { a, b }, {}, name).out;
  }
  greaterEqual(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.greaterEqual, { a, b }, {}, name).out;
  }
  equal(a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.equal, { a, b }, {}, name).out;
  }
  select(condition: Value, a: Operand, b: Operand, name?: string): Value {
    return this.apply(ops.select, { condition, a, b }, {}, name).out;
  }
  cast(x: Value, dtype: DType, name?: string): Value {
    return this.apply(ops.cast, { x }, { dtype }, name).out;
  }
  stopGradient(x: Value, name?: string): Value {
    return this.apply(ops.stopGradient, { x }, {}, name).out;
  }
  identity(x: Value, name?: string): Value {
    return this.apply(ops.identity, { x }, {}, name).out;
  }
  neg(x: Operand, name?: string): Value {
    return this.apply(ops.neg, { x }, {}, name).out;
  }
  abs(x: Operand, name?: string): Value {
    return this.apply(ops.abs, { x }, {}, name).out;
  }
  exp(x: Operand, name?: string): Value {
    return this.apply(ops.exp, { x }, {}, name).out;
  }
  log(x: Operand, name?: string): Value {
    return this.apply(ops.log, { x }, {}, name).out;
  }
  sqrt(x: Operand, name?: string): Value {
    return this.apply(ops.sqrt, { x }, {}, name).out;
  }
  erf(x: Operand, name?: string): Value {
    return this.apply(ops.erf, { x }, {}, name).out;
  }
  tanh(x: Operand, name?: string): Value {
    return this.apply(ops.tanh, { x }, {}, name).out;
  }
  sigmoid(x: Operand, name?: string): Value {
    return this.apply(ops.sigmoid, { x }, {}, name).out;
  }
  floor(x: Operand, name?: string): Value {
    return this.apply(ops.floor, { x }, {}, name).out;
  }
  sum(x: Value, axes: readonly number[], keepDims = false, name?: string): Value {
    return this.apply(ops.sum, { x }, { axes: [...axes], keepDims }, name).out;
  }
  mean(x: Value, axes: readonly number[], keepDims = false, name?: string): Value {
    return this.apply(ops.mean, { x }, { axes: [...axes], keepDims }, name).out;
  }
  max(x: Value, axes: readonly number[], keepDims = false, name?: string): Value {
    return this.apply(ops.max, { x }, { axes: [...axes], keepDims }, name).out;
  }
  reshape(x: Value, shape: Shape, name?: string): Value {
    return this.apply(ops.reshape, { x }, { shape: [...shape] }, name).out;
  }
  transpose(x: Value, permutation: readonly number[], name?: string): Value {
    return this.apply(ops.transpose, { x }, { permutation: [...permutation] }, name).out;
  }
  broadcastTo(x: Value, shape: Shape, name?: string): Value {
    return this.apply(ops.broadcastTo, { x }, { shape: [...shape] }, name).out;
  }
  concat(values: readonly Value[], axis: number, name?: string): Value {
    return this.apply(ops.concat, { values }, { axis }, name).out;
  }
  slice(x: Value, axis: number, start: number, size: number, name?: string): Value {
    return this.apply(ops.slice, { x }, { axis, start, size }, name).out;
  }
  pad(x: Value, axis: number, before: number, after: number, name?: string): Value {
    return this.apply(ops.pad, { x }, { axis, before, after }, name).out;
  }
  gather(x: Value, indices: Value, axis = 0, name?: string): Value {
    return this.apply(ops.gather, { x, indices }, { axis }, name).out;
  }
  segmentSum(x: Value, segments: Value, count: Dim, name?: string): Value {
    return this.apply(ops.segmentSum, { x, segments }, { count }, name).out;
  }
  matmul(
    a: Operand,
    b: Operand,
    options: { transposeA?: boolean; transposeB?: boolean } = {},
    name?: string,
  ): Value {
    return this.apply(ops.matmul, { a, b }, options, name).out;
  }
  conv2d(
    inputs: Operands<typeof ops.conv2d.inputs>,
    attributes: AttributeInput<typeof ops.conv2d.attributes> = {},
    name?: string,
  ): Value {
    return this.apply(ops.conv2d, inputs, attributes, name).out;
  }
  avgPool2d(
    x: Value,
    attributes: AttributeInput<typeof ops.avgPool2d.attributes>,
    name?: string,
  ): Value {
    return this.apply(ops.avgPool2d, { x }, attributes, name).out;
  }
  maxPool2d(
    x: Value,
    attributes: AttributeInput<typeof ops.maxPool2d.attributes>,
    name?: string,
  ): Value {
    return this.apply(ops.maxPool2d, { x }, attributes, name).out;
  }
  spike(x: Operand, surrogate: Surrogate, comparison: '>=' | '>' = '>=', name?: string): Value {
    return this.apply(ops.spike, { x }, { surrogate, comparison }, name).out;
  }
  quantizeLevels(
    x: Value,
    attributes: AttributeInput<typeof ops.quantizeLevels.attributes>,
    name?: string,
  ): Value {
    return this.apply(ops.quantizeLevels, { x }, attributes, name).out;
  }

  /** Names a value as an output of the graph. */
  output(name: string, value: Value): void {
    this.#own(value);
    if (Object.hasOwn(this.#core.outputs, name)) throw alreadyExists(`output "${name}"`);
    this.#core.outputs[name] = value.ref;
  }

  /** The value a ref of this graph stands for. */
  valueOf(ref: Ref): Value {
    const node = this.#core.nodes.find((candidate) => candidate.id === nodeIdOf(ref));
    const output = Object.entries(node?.outputs ?? {}).find(
      ([name]) => node && refOf(node, name) === ref,
    );
    if (!output)
      throw new SpikeloomError({
        code: 'unknown-value',
        path: ref,
        message: 'there is no such value',
      });
    return { ref, type: output[1], owner: this.#core };
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
    const { ids } = this.#core;
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
    for (let suffix = 2; ids.has(id); suffix++) id = this.#pathOf(`${fallback}_${suffix}`);
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
