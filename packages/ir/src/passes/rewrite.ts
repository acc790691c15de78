import { type Builder, createBuilder, mapNames, type Value } from '../builder.ts';
import { type Graph, type GraphNode, type Ref, refOf } from '../graph.ts';
import type { AnyOperator, PerName } from '../operator.ts';
import type { Registry } from '../registry.ts';
import type { Tensor } from '../tensor.ts';

/** A node that is about to be copied, with its inputs in the new graph. */
export interface RewriteSite {
  readonly node: GraphNode;
  readonly op: AnyOperator;
  readonly inputs: PerName<Value>;
  /** The root scope of the new graph. */
  readonly builder: Builder;
  /** The value of the new graph that stands for a ref of the old one. */
  translate(ref: Ref): Value;
}

export interface RewriteOptions {
  readonly name?: string;
  /** Operators to keep as one node; see `createBuilder`. */
  readonly keep?: (op: AnyOperator, node: GraphNode) => boolean;
  /** Tensors to use instead of those of the graph. */
  readonly weights?: ReadonlyMap<string, Tensor>;
  /** What to put in place of a node; `undefined` copies it. */
  readonly replace?: (site: RewriteSite) => Readonly<Record<string, Value>> | undefined;
}

/** A rewritten graph, and where each value of the old graph went. */
export interface Rewritten {
  readonly graph: Graph;
  readonly aliases: ReadonlyMap<Ref, Ref>;
}

/** Copies a graph node by node, replacing what `replace` answers to. Every graph-to-graph pass is built on this. */
export function rewrite(graph: Graph, registry: Registry, options: RewriteOptions = {}): Rewritten {
  const builder = createBuilder({
    name: options.name ?? graph.name,
    reserved: new Set(graph.nodes.map(({ id }) => id)),
    ...(options.keep ? { keep: options.keep } : {}),
  });
  const values = new Map<Ref, Value>();
  const translate = (ref: Ref): Value => values.get(ref)!;
  for (const node of graph.nodes) {
    const op = registry.operator(node.op);
    const inputs = mapNames(node.inputs, translate);
    const outputs =
      options.replace?.({ node, op, inputs, builder, translate }) ??
      builder.apply(op, inputs, node.attributes, node.id);
    for (const [output, value] of Object.entries(outputs)) values.set(refOf(node, output), value);
  }
  for (const [name, ref] of Object.entries(graph.outputs)) builder.output(name, translate(ref));
  const built = builder.build(graph.metadata);
  const weights = new Map([...graph.weights, ...built.weights, ...(options.weights ?? [])]);
  return {
    graph: { ...built, weights },
    aliases: new Map([...values].map(([ref, value]) => [ref, value.ref])),
  };
}
