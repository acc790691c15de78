import {
  type Graph,
  type GraphNode,
  isEvent,
  nodeIdOf,
  type Ref,
  type ValueType,
} from '@spikeloom/ir';
import type { Analysis } from './analyse.ts';
import type { NeuronLayout } from './apply-spikes.ts';
import type { Importance } from './choose-thresholds.ts';
import type { ConversionSettings } from './conversion-options.ts';
import { describeNeuron } from './describe-neuron.ts';
import type { Events, OperationCounts } from './operation-counts.ts';
import { describeIntegrateAndFire } from './integrate-and-fire.ts';
import { scaleChannels } from './scale-channels.ts';
import type { Sampled } from './site-samples.ts';
import type { NeuronEntry, SpikingEntry, SpikingReport } from './spiking-report.ts';

interface Done {
  readonly analysis: Analysis;
  /** What it became. */
  readonly graph: Graph;
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
  const { analysis, graph, sampled, operations, settings, layouts, events } = done;
  const neurons = new Map<string, NeuronEntry[]>();
  for (const [source, layout] of layouts) {
    const id = nodeIdOf(source);
    neurons.set(id, [...(neurons.get(id) ?? []), neuronEntry(source, layout, done)]);
  }
  const converted = new Map(graph.nodes.map((node) => [node.id, node]));
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
      ...nodeEntry(node, analysis, converted),
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
    ...(settings.neuron === 'integrate-and-fire'
      ? describeIntegrateAndFire(sample, layout)
      : describeNeuron(sample, thresholds, { edge, coding, scale })),
    events,
    energy: operations.energyOf(done.events, source),
    ...(weight === undefined ? {} : { importance: weight }),
  };
}

/** What became of a node, as the converted network has it. */
function nodeEntry(
  node: GraphNode,
  { parts }: Analysis,
  converted: ReadonlyMap<string, GraphNode>,
): SpikingEntry[] {
  const part = parts.get(node.id)!;
  const now = converted.get(node.id);
  const analogue = (reason: string): SpikingEntry[] => [
    { kind: 'analogue', path: node.id, reason },
  ];
  if (part.kind === 'function' || part.kind === 'product') {
    if (now?.op === node.op) return analogue('it depends on the input alone and is computed once');
    const to = now?.op;
    const isForm = to !== undefined && to !== scaleChannels.id;
    return isForm ? [{ kind: 'compensated', path: node.id, from: node.op, to }] : [];
  }
  if (part.kind !== 'synaptic' || !part.analogue) return [];
  if (part.analogue === 'input')
    return analogue('it reads the input, which is given as real numbers');
  const readsSpikes = now && isEvent(typeOf(now, part.data, converted));
  return readsSpikes ? [] : analogue('it is the last layer and reads real numbers');
}

function typeOf(
  { inputs }: GraphNode,
  name: string,
  nodes: ReadonlyMap<string, GraphNode>,
): ValueType {
  const ref = String(inputs[name]);
  const { id, outputs } = nodes.get(nodeIdOf(ref))!;
  return outputs[ref === id ? Object.keys(outputs)[0]! : ref.slice(id.length + 1)]!;
}
