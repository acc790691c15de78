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
  const rewritten = rewrite(graph, registry, { keep: supports });
  for (const node of rewritten.graph.nodes) {
    const op = registry.operator(node.op);
    if (supports(op, node)) continue;
    throw new SpikeloomError({
      code: 'unsupported-operator',
      path: node.id,
      message: `backend ${backend} has no kernel for the primitive ${op.id}`,
      fix: `use another backend, or pass a plugin with a ${backend} kernel for ${op.id}`,
    });
  }
  return rewritten;
}

/** Lowers everything to primitives. */
export function lowerToPrimitives(graph: Graph, registry: Registry): Rewritten {
  return rewrite(graph, registry, { keep: (op) => op.lower === undefined });
}
