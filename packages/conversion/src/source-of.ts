import {
  eliminateDeadCode,
  type Graph,
  type Registry,
  relu,
  rewrite,
  type RewriteOptions,
  tensor,
  type Value,
} from '@spikeloom/ir';
import {
  differentialThreshold,
  integrateAndFire,
  multiThreshold,
  tracedThreshold,
} from '@spikeloom/neurons';
import { meanOfChanges } from './differential.ts';
import { firstStep } from './first-step.ts';
import type { QcfsEntry, QcfsReport } from './qcfs-report.ts';
import { reportOf } from './report.ts';
import { scaleChannels } from './scale-channels.ts';
import { meanOfSums } from './summed.ts';

/**
 * The trained network a converted one was made from: neurons taken out, compensated operators and
 * activations put back. For comparing the two when only the spiking one was saved.
 */
export function sourceOf(graph: Graph, registry: Registry): Graph {
  const report = reportOf(graph.metadata);
  const replace =
    report?.method === 'qcfs' ? undoQcfs(graph, report, registry) : undoSpikes(registry);
  const { graph: source } = rewrite(graph, registry, { replace });
  const { conversion: _, ...metadata } = source.metadata;
  return eliminateDeadCode({ ...source, metadata });
}

type Replace = NonNullable<RewriteOptions['replace']>;

/** What conversions put between the operators of a network, by what it passes on. */
const passesOn: Readonly<Record<string, string>> = {
  [multiThreshold.id]: 'current',
  [differentialThreshold.id]: 'current',
  [tracedThreshold.id]: 'current',
  [firstStep.id]: 'x',
  [meanOfChanges.id]: 'x',
  [meanOfSums.id]: 'x',
  [scaleChannels.id]: 'x',
};

function undoSpikes(registry: Registry): Replace {
  const originals = new Map(
    registry.plugins.flatMap((plugin) =>
      (plugin.compensations ?? []).flatMap(({ of, by, differential, sum }) =>
        [by, differential, sum].flatMap((form) => (form ? [[form.id, of] as const] : [])),
      ),
    ),
  );
  return ({ node, op, inputs, builder }) => {
    const passed = passesOn[node.op];
    if (passed !== undefined) {
      const [output] = Object.keys(node.outputs);
      return { [output!]: inputs[passed] as Value };
    }
    if (node.op === integrateAndFire.id) {
      const x = inputs['current'] as Value;
      return { spikes: builder.apply(relu, { x }, {}, node.id.replace(/\.neuron$/, '')).out };
    }
    const original = originals.get(op.id);
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
