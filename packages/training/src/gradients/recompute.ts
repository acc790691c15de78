import {
  type Builder,
  type Graph,
  type GraphNode,
  inputRefs,
  mapNames,
  nodeIdOf,
  type Ref,
  refOf,
  type Registry,
  SpikeloomError,
  type Value,
} from '@spikeloom/ir';
import { stretchesOf } from './stretches.ts';

/** The values of the way forward, as the gradient rule of a node sees them. */
export type ForwardValues = (node: GraphNode, ref: Ref) => Value;

export interface RecomputeOptions {
  readonly registry: Registry;
  readonly values: ReadonlyMap<Ref, Value>;
  /** How many stretches the graph is cut into. */
  readonly stretches: number;
}

/**
 * Computes a stretch of the graph again when the way back reaches it, from the values that go into it. Only those are
 * kept until then; everything else of a stretch can be dropped as soon as the way forward is past it. The last one is
 * as it was: the way back begins there.
 *
 * Source: Chen et al. (2016), "Training Deep Nets with Sublinear Memory Cost", arXiv 1604.06174.
 */
export function recompute(
  b: Builder,
  graph: Graph,
  { registry, values, stretches }: RecomputeOptions,
): ForwardValues {
  const stretchOf = stretchesOf(graph, stretches);
  const of = (ref: Ref): number => stretchOf.get(nodeIdOf(ref))!;
  const last = Math.max(...stretchOf.values());
  const kept = new Set(
    graph.nodes.flatMap((node) => inputRefs(node).filter((ref) => of(ref) < of(node.id))),
  );
  const again = new Map<number, ReadonlyMap<Ref, Value>>();

  const copy = (stretch: number): ReadonlyMap<Ref, Value> => {
    const copies = new Map<Ref, Value>();
    for (const node of graph.nodes) {
      // What has no inputs is data, or a constant.
      if (of(node.id) !== stretch || inputRefs(node).length === 0) continue;
      const inputs = mapNames(node.inputs, (ref) => copies.get(ref) ?? values.get(ref)!);
      const outputs = b.apply(registry.operator(node.op), inputs, node.attributes, node.id);
      for (const [name, value] of Object.entries(outputs)) {
        const ref = refOf(node, name);
        if (!kept.has(ref)) copies.set(ref, value);
      }
    }
    return copies;
  };
  return (node, ref) => {
    const stretch = of(node.id);
    const original = values.get(ref)!;
    if (stretch === last) return original;
    const copies = again.get(stretch) ?? copy(stretch);
    again.set(stretch, copies);
    return copies.get(ref) ?? original;
  };
}

/** Throws unless a graph can be cut into so many stretches. */
export function requireStretches(path: string, stretches: number): void {
  if (Number.isSafeInteger(stretches) && stretches >= 1) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path,
    message: 'recompute is the number of stretches the network is cut into',
    expected: 'a whole number from 1, which recomputes nothing',
    got: `${stretches}`,
  });
}
