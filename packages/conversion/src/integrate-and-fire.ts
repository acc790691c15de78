/** ReLU networks with integrate-and-fire neurons: spikes of one size, thresholds balanced channel by channel. */
import {
  eliminateDeadCode,
  type Graph,
  type GraphNode,
  type Problem,
  type Ref,
  type Registry,
  relu,
  rewrite,
  tensor,
  throwProblems,
  type Value,
  valueTypes,
} from '@spikeloom/ir';
import { integrateAndFire } from '@spikeloom/neurons';
import type { Analysis } from './analyse.ts';
import type { NeuronLayout } from './apply-spikes.ts';
import type { ConversionSettings } from './conversion-options.ts';
import { hasChannelWeights } from './lay-out-neurons.ts';
import { scaleChannels } from './scale-channels.ts';
import type { SiteSample } from './site-samples.ts';
import { type Site, spikingOperands } from './sites.ts';
import type { NeuronEntry } from './spiking-report.ts';

/** The ReLUs of a network, as sites; throws with every node that integrate-and-fire neurons do not stand for. */
export function findRelus({ graph, parts }: Analysis): Site[] {
  const isOther = ({ id, op }: GraphNode): boolean =>
    parts.get(id)?.kind === 'product' || (parts.get(id)?.kind === 'function' && op !== relu.id);
  const problems = graph.nodes.filter(isOther).map(({ id, op }): Problem => ({
    code: 'cannot-convert',
    path: id,
    message: `${op} is no ReLU, for which alone integrate-and-fire neurons stand`,
    fix: 'neuron: "multi-threshold"',
  }));
  throwProblems('cannot-convert', `graph "${graph.name}"`, problems);
  const relus = graph.nodes.filter(
    ({ id, op }) => op === relu.id && parts.get(id)?.kind === 'function',
  );
  return relus.map(({ id }) => ({
    source: id,
    neuron: `${id}.neuron`,
    role: 'linear',
    consumers: graph.nodes
      .filter(({ id: reader, inputs }) => {
        const part = parts.get(reader);
        return part?.kind === 'synaptic' && inputs[part.data] === id;
      })
      .map(({ id: reader }) => reader),
  }));
}

/** Images have their channels on axis 1, everything else on the last one. */
export function channelAxisOf(graph: Graph): (site: Site) => 1 | -1 {
  const types = valueTypes(graph);
  return ({ source }) => (types.get(source)!.shape.length === 4 ? 1 : -1);
}

/** One threshold for each channel, or for all: the mean after `timesteps` has the least squared error. */
export function balanceThresholds(
  site: Site,
  sample: SiteSample,
  settings: ConversionSettings,
): NeuronLayout {
  const { axis, channels, data } = sample;
  const byChannel = settings.granularity === 'channel';
  const scale = new Float32Array(channels);
  const whole = byChannel ? undefined : thresholdFor(data, settings);
  for (let channel = 0; channel < channels; channel++) {
    scale[channel] =
      whole ??
      thresholdFor(
        data.filter((_, index) => index % channels === channel),
        settings,
      );
  }
  const thresholds = { positive: 1, negative: 0, levels: 1, perOctave: 1 };
  return { site, thresholds, edge: settings.edge, channels: { axis, scale } };
}

function thresholdFor(values: Float32Array, settings: ConversionSettings): number {
  const { calibration, percentile, baseScale, timesteps } = settings;
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  if (largest === 0) return 1;
  if (calibration === 'percentile') {
    const sorted = values.toSorted();
    return (sorted[Math.floor(percentile * (sorted.length - 1))]! || largest) * baseScale;
  }
  let [best, least] = [largest, Infinity];
  for (let step = 0; step < 48; step++) {
    const threshold = largest * 2 ** (-step / 8);
    let error = 0;
    for (const value of values) error += (value - meanAfter(value, threshold, timesteps)) ** 2;
    if (error < least) [best, least] = [threshold, error];
  }
  return best;
}

/** What neurons that begin at half their threshold say of a value that stays: quantisation clip-floor-shift. */
function meanAfter(value: number, threshold: number, timesteps: number): number {
  const spikes = Math.floor((value * timesteps) / threshold + 0.5);
  return (threshold * Math.min(Math.max(spikes, 0), timesteps)) / timesteps;
}

/**
 * Puts integrate-and-fire neurons in place of ReLUs, with soft reset and half the threshold as their first
 * potential. Currents are divided by the thresholds, and weighted sums after them multiply their weights;
 * what else reads them, such as a pooling or a residual sum, reads spikes times thresholds.
 *
 * Source: Rueckauer et al. (2017), Front. Neurosci. 11:682; thresholds by channel: Kim et al. (2020), AAAI,
 * arXiv 1903.06530; first potential: Bu et al. (2022), AAAI, arXiv 2202.01440.
 */
export function applyIntegrateAndFire(
  analysis: Analysis,
  layouts: ReadonlyMap<Ref, NeuronLayout>,
  registry: Registry,
): Graph {
  const made = new Map<Ref, { readonly spikes: Value; readonly scale: Value }>();
  const { graph } = rewrite(analysis.graph, registry, {
    replace(at) {
      const { node, inputs, builder } = at;
      const layout = layouts.get(node.id);
      if (layout) {
        const { axis, scale: factors } = layout.channels!;
        const id = layout.site.neuron;
        const scale = builder.param(`${id}.scale`, [factors.length], {
          tensor: tensor(factors),
          trainable: false,
        });
        const x = inputs['x'] as Value;
        const scaled = { axis, inverse: true };
        const current = builder.apply(scaleChannels, { x, scale }, scaled, `${id}.scaled`).out;
        const { spikes } = builder.apply(
          integrateAndFire,
          { current },
          { threshold: 1, initial: 0.5 },
          id,
        );
        made.set(node.id, { spikes, scale });
        return builder.apply(scaleChannels, { x: spikes, scale }, { axis }, node.id);
      }
      const [data] = spikingOperands(node, analysis, true);
      const source = data === undefined ? undefined : made.get(String(node.inputs[data]));
      const reads = data !== undefined && source !== undefined && hasChannelWeights([node]);
      if (!reads) return undefined;
      const weight = builder.apply(
        scaleChannels,
        { x: inputs['weight'] as Value, scale: source.scale },
        { axis: 1 },
        `${node.id}.scaled_weight`,
      ).out;
      const given = { ...inputs, [data]: source.spikes, weight };
      return builder.apply(at.op, given, node.attributes, node.id);
    },
  });
  return eliminateDeadCode(graph);
}

/** What integrate-and-fire neurons do to the values of a site. */
export function describeIntegrateAndFire(
  { data, channels }: SiteSample,
  { channels: own }: NeuronLayout,
): Pick<NeuronEntry, 'error' | 'saturated' | 'idleLevels'> {
  const timesteps = [1, 2, 4, 8];
  const scale = own!.scale;
  let [power, beyond, largest] = [0, 0, 0];
  const errors = timesteps.map(() => 0);
  data.forEach((value, index) => {
    const threshold = scale[index % channels]!;
    power += value * value;
    if (value > threshold) beyond += 1;
    largest = Math.max(largest, threshold);
    timesteps.forEach((t, at) => (errors[at]! += (value - meanAfter(value, threshold, t)) ** 2));
  });
  const meanSize = Math.sqrt(power / Math.max(data.length, 1)) || 1;
  return {
    error: {
      timesteps,
      measured: errors.map((error) => Math.sqrt(error / Math.max(power, 1e-30))),
      bound: timesteps.map((t) => largest / (2 * t) / meanSize),
    },
    saturated: beyond / Math.max(data.length, 1),
    idleLevels: 0,
  };
}
