import { eliminateDeadCode, type Graph, type Registry, rewrite, type Value } from '@spikeloom/ir';
import { multiThreshold } from '@spikeloom/neurons';

/**
 * The trained network a converted one was made from: neurons taken out, compensated operators replaced by
 * what they stand for. For comparing the two when only the spiking one was saved.
 */
export function sourceOf(graph: Graph, registry: Registry): Graph {
  const originals = new Map(
    registry.plugins.flatMap((plugin) =>
      (plugin.compensations ?? []).map(({ of, by }) => [by.id, of] as const),
    ),
  );
  const { graph: source } = rewrite(graph, registry, {
    replace: ({ node, inputs, builder }) => {
      if (node.op === multiThreshold.id) return { spikes: inputs['current'] as Value };
      const original = originals.get(node.op);
      return original ? builder.apply(original, inputs, node.attributes, node.id) : undefined;
    },
  });
  const { conversion: _, ...metadata } = source.metadata;
  return eliminateDeadCode({ ...source, metadata });
}
