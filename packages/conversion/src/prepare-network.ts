import { type AnyOperator, foldBatchNorm, type Graph, type Registry, rewrite } from '@spikeloom/ir';

/**
 * Brings a trained network into the form that neurons are put into: batch normalisation merged into the
 * layer before it, and what is left of it, as of everything that adds a constant of its own, in primitives.
 */
export function prepareNetwork(graph: Graph, registry: Registry): Graph {
  const folded = foldBatchNorm(graph, registry);
  const compensated = new Set(
    registry.plugins.flatMap((plugin) => (plugin.compensations ?? []).map(({ of }) => of.id)),
  );
  const addsConstants = (op: AnyOperator): boolean =>
    op.lower !== undefined &&
    op.affineIn !== undefined &&
    op.synaptic !== true &&
    !compensated.has(op.id);
  if (!folded.nodes.some(({ op }) => addsConstants(registry.operator(op)))) return folded;
  return rewrite(folded, registry, { keep: (op) => !addsConstants(op) }).graph;
}
