import {
  type Builder,
  createBuilder,
  formatShape,
  type Graph,
  type GraphNode,
  inputRefs,
  mapNames,
  nodeIdOf,
  type Ref,
  refOf,
  type Registry,
  rewrite,
  SpikeloomError,
  type Value,
} from '@spikeloom/ir';
import { collectRules } from './index.ts';
import type { GradientRule } from './gradient-rule.ts';
import { type ForwardValues, recompute, requireStretches } from './recompute.ts';

export interface DifferentiateOptions {
  readonly registry: Registry;
  /** The number whose gradients are wanted: a value of one element. */
  readonly of: Ref;
  /** The values to take them with respect to: inputs or weights of the graph. */
  readonly wrt: readonly Ref[];
  /** Stretches whose values are not kept for the way back but computed again. Default 1: all are kept. */
  readonly recompute?: number | undefined;
}

/** A graph with gradients in it, still open. */
export interface Differentiated {
  readonly builder: Builder;
  /** The value that stands for one of the graph. */
  value(ref: Ref): Value;
  /** Gradients by ref, in the shapes of the values; 0 where nothing flows. */
  readonly gradients: ReadonlyMap<Ref, Value>;
}

/** Operators that pass no gradient, and none is asked of them. */
const opaque = new Set(
  ['greater', 'greater-equal', 'equal', 'stop-gradient', 'uniform', 'step', 'constant'].map(
    (name) => `spikeloom/${name}`,
  ),
);

/**
 * Reverse-mode differentiation of a graph without states, as graph to graph: the gradients are ordinary
 * nodes, so every backend computes them. Operators without a rule are lowered until all have one.
 */
export function differentiate(graph: Graph, options: DifferentiateOptions): Differentiated {
  const { registry, recompute: stretches = 1 } = options;
  requireStretches('differentiate', stretches);
  const rules = collectRules(registry);
  const { graph: flat, aliases } = rewrite(graph, registry, {
    keep: (op) => op.lower === undefined || rules.has(op.id),
  });
  requireNoStates(flat);
  const target = (ref: Ref): Ref => aliases.get(ref) ?? ref;
  const builder = createBuilder({
    name: graph.name,
    reserved: new Set(flat.nodes.map(({ id }) => id)),
  });
  const values = new Map<Ref, Value>();
  for (const node of flat.nodes) {
    const inputs = mapNames(node.inputs, (ref) => values.get(ref)!);
    const outputs = builder.apply(registry.operator(node.op), inputs, node.attributes, node.id);
    for (const [name, value] of Object.entries(outputs)) values.set(refOf(node, name), value);
  }
  const value = (ref: Ref): Value => values.get(target(ref)) ?? unknownValue(ref);
  for (const ref of options.wrt) value(ref);
  requireNumber(options.of, value(options.of));
  const forward =
    stretches === 1
      ? (_node: GraphNode, ref: Ref): Value => values.get(ref)!
      : recompute(builder.scope('again'), flat, { registry, values, stretches });
  const flow = new Flow(builder.scope('gradient'), flat, rules, values, forward);
  const found = flow.run(target(options.of), options.wrt.map(target));
  return {
    builder,
    value,
    gradients: new Map(options.wrt.map((ref) => [ref, found.get(target(ref))!])),
  };
}

function requireNoStates(graph: Graph): void {
  const state = graph.nodes.find(({ op }) => op === 'spikeloom/state');
  if (!state) return;
  throw new SpikeloomError({
    code: 'unsupported',
    path: state.id,
    message: 'gradients do not flow through states',
    fix: 'write all timesteps out as one graph first, with unroll',
  });
}

function requireNumber(ref: Ref, { type: { shape } }: Value): void {
  if (shape.every((dim) => dim === 1)) return;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    path: ref,
    message: 'what is differentiated is one number',
    expected: '[]',
    got: formatShape(shape),
  });
}

function unknownValue(ref: Ref): never {
  throw new SpikeloomError({
    code: 'unknown-value',
    path: ref,
    message: 'the graph computes no such value',
    fix: 'name an output of one of its nodes',
  });
}

/** One walk from the result back. */
class Flow {
  readonly #b: Builder;
  readonly #graph: Graph;
  readonly #rules: ReadonlyMap<string, GradientRule>;
  readonly #values: ReadonlyMap<Ref, Value>;
  readonly #forward: ForwardValues;
  readonly #parts = new Map<Ref, Value[]>();

  constructor(
    b: Builder,
    graph: Graph,
    rules: ReadonlyMap<string, GradientRule>,
    values: ReadonlyMap<Ref, Value>,
    forward: ForwardValues,
  ) {
    this.#b = b;
    this.#graph = graph;
    this.#rules = rules;
    this.#values = values;
    this.#forward = forward;
  }

  run(of: Ref, wrt: readonly Ref[]): Map<Ref, Value> {
    const depends = this.#dependents(wrt);
    const result = this.#values.get(of)!;
    this.#parts.set(of, [this.#b.broadcastTo(this.#b.constant(1), result.type.shape)]);
    for (const node of this.#graph.nodes.toReversed()) {
      if (depends.has(node.id)) this.#through(node, depends);
    }
    return new Map(wrt.map((ref) => [ref, this.#total(ref) ?? this.#zeros(ref)]));
  }

  #through(node: GraphNode, depends: ReadonlySet<string>): void {
    const names = Object.keys(node.outputs);
    const upstream = Object.fromEntries(
      names.map((name) => [name, this.#total(refOf(node, name))] as const),
    );
    if (names.every((name) => upstream[name] === undefined) || opaque.has(node.op)) return;
    const inputs = inputRefs(node);
    if (inputs.length === 0) return;
    const rule = this.#rules.get(node.op);
    if (!rule) {
      throw new SpikeloomError({
        code: 'unsupported-operator',
        path: node.id,
        message: `no gradient rule for ${node.op}`,
        fix: `pass a plugin with one, or cut the gradient there with stop-gradient`,
      });
    }
    const gradients = rule.build(this.#b, {
      attributes: node.attributes,
      inputs: mapNames(node.inputs, (ref) => this.#forward(node, ref)),
      outputs: Object.fromEntries(
        names.map((name) => [name, this.#forward(node, refOf(node, name))] as const),
      ),
      upstream,
    });
    for (const [name, refs] of Object.entries(node.inputs)) {
      const given = [gradients[name] ?? []].flat();
      [refs].flat().forEach((ref, index) => {
        const part = given[index];
        if (part && depends.has(nodeIdOf(ref)))
          this.#parts.set(ref, [...(this.#parts.get(ref) ?? []), part]);
      });
    }
  }

  /** The sum of what has flowed to a value so far. */
  #total(ref: Ref): Value | undefined {
    const [first, ...others] = this.#parts.get(ref) ?? [];
    if (!first) return undefined;
    const total = others.reduce((sum, part) => this.#b.add(sum, part), first);
    this.#parts.set(ref, [total]);
    return total;
  }

  #zeros(ref: Ref): Value {
    return this.#b.broadcastTo(this.#b.constant(0), this.#values.get(ref)!.type.shape);
  }

  /** The nodes that depend on any of the values. */
  #dependents(wrt: readonly Ref[]): Set<string> {
    const depends = new Set(wrt.map(nodeIdOf));
    for (const node of this.#graph.nodes) {
      if (inputRefs(node).some((ref) => depends.has(nodeIdOf(ref)))) depends.add(node.id);
    }
    return depends;
  }
}
