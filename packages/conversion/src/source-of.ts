import {
  eliminateDeadCode,
  type Graph,
  type Registry,
  rewrite,
  type RewriteOptions,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { multiThreshold } from '@spikeloom/neurons';
import type { QcfsEntry, QcfsReport } from './qcfs-report.ts';
import { reportOf } from './report.ts';

/**
 * The trained network a converted one was made from: neurons taken out, compensated operators and
 * activations put back. For comparing the two when only the spiking one was saved.
 */
export function sourceOf(graph: Graph, registry: Registry): Graph {
  const report = reportOf(graph.metadata);
  const replace =
    report?.method === 'qcfs' ? undoQcfs(graph, report, registry) : undoEcmt(registry);
  const { graph: source } = rewrite(graph, registry, { replace });
  const { conversion: _, ...metadata } = source.metadata;
  return eliminateDeadCode({ ...source, metadata });
}

type Replace = NonNullable<RewriteOptions['replace']>;

function undoEcmt(registry: Registry): Replace {
  const originals = new Map(
    registry.plugins.flatMap((plugin) =>
      (plugin.compensations ?? []).map(({ of, by }) => [by.id, of] as const),
    ),
  );
  return ({ node, inputs, builder }) => {
    if (node.op === multiThreshold.id) return { spikes: inputs['current'] as Value };
    const original = originals.get(node.op);
    return original ? builder.apply(original, inputs, node.attributes, node.id) : undefined;
  };
}

function undoQcfs(graph: Graph, report: QcfsReport, registry: Registry): Replace {
  type Neuron = Extract<QcfsEntry, { kind: 'neuron' }>;
  const neurons = new Map(
    report.entries.flatMap((entry) =>
      entry.kind === 'neuron' ? [[entry.path, entry] as const] : [],
    ),
  );
  const kept = new Set(graph.nodes.map(({ id }) => id));
  const restored = new Map<string, Value>();
  return ({ node, inputs, builder, translate }) => {
    const neuron = neurons.get(node.id);
    if (!neuron) return undefined;
    const x = inputs['current'] as Value;
    const original = registry.operator(neuron.from);
    const { out } = builder.apply(
      original,
      { x, threshold: thresholdOf(neuron) },
      neuron.attributes,
      node.id,
    );
    return { spikes: out! };

    /** Passes that drop what is not used drop the learnt threshold; the report still has its number. */
    function thresholdOf({ thresholdFrom, threshold }: Neuron): Value {
      if (kept.has(thresholdFrom)) return translate(thresholdFrom);
      const made =
        restored.get(thresholdFrom) ??
        builder.param(thresholdFrom, [1], { tensor: tensor([threshold]) });
      restored.set(thresholdFrom, made);
      return made;
    }
  };
}
