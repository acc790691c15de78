import { SpikeloomError } from '../error.ts';
import type { Graph, GraphNode } from '../graph.ts';
import type { AnyOperator } from '../operator.ts';
import type { Registry } from '../registry.ts';
import { rewrite, type Rewritten } from './rewrite.ts';

/**
 * Lowers every operator that a backend does not carry, until only operators it carries are left.
 *
 * @param supports whether the backend has a kernel for this operator as this node
 * @param backend its name, for the error when a primitive is missing
 */
export function legalise(
  graph: Graph,
  registry: Registry,
  supports: (op: AnyOperator, node: GraphNode) => boolean,
  backend: string,
): Rewritten {
  const keep = (op: AnyOperator, node: GraphNode): boolean => {
    if (supports(op, node)) return true;
    if (op.lower) return false;
    throw new SpikeloomError({
      code: 'unsupported-operator',
      path: node.id,
      message: `backend ${backend} has no kernel for the primitive ${op.id}`,
      fix: `use another backend, or pass a plugin with a ${backend} kernel for ${op.id}`,
    });
  };
  // `keep` is asked only about operators with a lowering; primitives are checked here.
  return rewrite(graph, registry, {
    keep,
    replace: ({ node, op }) => {
      if (!op.lower) keep(op, node);
      return undefined;
    },
  });
}

/** Lowers everything to primitives. */
export function lowerToPrimitives(graph: Graph, registry: Registry): Rewritten {
  return rewrite(graph, registry, { keep: (op) => op.lower === undefined });
}
