import { type GraphNode, nodeIdOf, type Ref } from '@spikeloom/ir';
import type { Analysis } from './analyse.ts';
import type { NeuronLayout } from './apply-spikes.ts';
import type { Importance } from './choose-thresholds.ts';
import { codings } from './codings.ts';
import type { ConversionSettings } from './conversion-options.ts';
import { describeNeuron } from './describe-neuron.ts';
import type { Events, OperationCounts } from './operation-counts.ts';
import type { Sampled } from './site-samples.ts';
import type { NeuronEntry, SpikingEntry, SpikingReport } from './spiking-report.ts';

interface Done {
  readonly analysis: Analysis;
  readonly sampled: Sampled;
  readonly operations: OperationCounts;
  readonly importance: Importance;
  readonly settings: ConversionSettings;
  readonly layouts: ReadonlyMap<Ref, NeuronLayout>;
  readonly events: Events;
}

/** A site clips when more than this share of its values is beyond the largest level. */
const clipping = 1e-3;

/** The report of a conversion that is done. */
export function writeReport(done: Done): SpikingReport {
  const { analysis, sampled, operations, settings, layouts, events } = done;
  const neurons = new Map<string, NeuronEntry[]>();
  for (const [source, layout] of layouts) {
    const id = nodeIdOf(source);
    neurons.set(id, [...(neurons.get(id) ?? []), neuronEntry(source, layout, done)]);
  }
  const energyRatio = operations.energyOf(events);
  const { energyBudget, calibration, timesteps } = settings;
  const all = [...neurons.values()].flat();
  const warnings = all
    .filter(({ saturated }) => saturated > clipping)
    .map(
      ({ path, saturated, levels }) =>
        `${path} clips: ${(100 * saturated).toFixed(2)} % of the values are beyond the largest of its ${levels} levels and need more timesteps`,
    );
  for (const { path, events: spikes } of all) {
    if (spikes.every((count) => count === 0)) warnings.push(`${path} never fired`);
  }
  if (calibration === 'mse' && energyBudget !== null && energyRatio > energyBudget * 1.02) {
    warnings.push(
      `the budget is exceeded: ${energyRatio.toFixed(3)} of the trained network's energy after T = ${timesteps}, not ${energyBudget}`,
    );
  }
  return {
    method: 'spikeloom',
    options: settings,
    calibrationBatches: sampled.batches,
    energyRatio,
    entries: analysis.graph.nodes.flatMap((node) => [
      ...nodeEntry(node, analysis, settings),
      ...(neurons.get(node.id) ?? []),
    ]),
    warnings,
  };
}

function neuronEntry(source: Ref, layout: NeuronLayout, done: Done): NeuronEntry {
  const { site, thresholds, edge, channels } = layout;
  const { operations, settings, importance } = done;
  const sample = done.sampled.samples.get(source)!;
  const { coding } = settings;
  const events = done.events.get(source)!;
  const weight = importance.get(source);
  const scale = channels?.scale;
  return {
    kind: 'neuron',
    path: site.neuron,
    role: site.role,
    ...thresholds,
    ...(scale
      ? {
          channels: {
            count: scale.length,
            smallest: Math.min(...scale),
            largest: Math.max(...scale),
          },
        }
      : {}),
    feeds: site.consumers,
    ...describeNeuron(sample, thresholds, { edge, coding, scale }),
    events,
    energy: operations.energyOf(done.events, source),
    ...(weight === undefined ? {} : { importance: weight }),
  };
}

function nodeEntry(
  node: GraphNode,
  { parts }: Analysis,
  { coding }: ConversionSettings,
): SpikingEntry[] {
  const part = parts.get(node.id)!;
  if (part.kind === 'function' || part.kind === 'product') {
    const to = codings[coding].formOf(part.compensation)!.id;
    return [{ kind: 'compensated', path: node.id, from: node.op, to }];
  }
  if (part.kind !== 'synaptic' || !part.analogue) return [];
  const reason =
    part.analogue === 'input'
      ? 'it reads the input, which is given as real numbers'
      : 'it is the last layer and reads real numbers';
  return [{ kind: 'analogue', path: node.id, reason }];
}
