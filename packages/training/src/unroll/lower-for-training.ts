import {
  type Graph,
  type GraphNode,
  mapNames,
  rewrite,
  type Rewritten,
  SpikeloomError,
  statesOf,
  valueTypes,
} from '@spikeloom/ir';
import { groupsOf } from './groups-of.ts';
import type { UnrollOptions } from './unroll.ts';

/**
 * Lowers what has neither a training form nor a gradient of its own; and what has one that is of no use: a
 * form for all timesteps at once where a recurrent connection leads back, or a gradient of one timestep where
 * there are states.
 */
export function lowerForTraining(source: Graph, options: UnrollOptions): Rewritten {
  const { registry, forms, keeps } = options;
  const lowered = new Set<string>();
  for (;;) {
    const rewritten = rewrite(source, registry, {
      keep: (op, { id }) =>
        op.lower === undefined || (!lowered.has(id) && (forms.has(op.id) || keeps(op))),
    });
    const found = nodesToLower(rewritten.graph, options);
    if (found.length === 0) return rewritten;
    for (const { id } of found) lowered.add(id);
  }
}

function nodesToLower(graph: Graph, { registry, forms }: UnrollOptions): GraphNode[] {
  const types = valueTypes(graph);
  const hasStates = ({ op, inputs, attributes }: GraphNode): boolean =>
    statesOf(
      registry.operator(op),
      mapNames(inputs, (ref) => types.get(ref)!),
      attributes,
    ).length > 0;
  return groupsOf(graph).flatMap((group) =>
    group.filter((node) => {
      if (registry.operator(node.op).lower === undefined) return false;
      if (!forms.has(node.op)) return hasStates(node);
      if (group.length === 1) return false;
      if (hasStates(node)) return true;
      throw new SpikeloomError({
        code: 'unsupported',
        path: node.id,
        message: `${node.op} trains on all timesteps at once, but a recurrent connection leads back to it`,
        fix: 'move it out of the loop',
      });
    }),
  );
}
