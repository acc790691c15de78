import {
  type AnyOperator,
  type Graph,
  type GraphNode,
  type PerName,
  type Ref,
  type Registry,
  rewrite,
  type RewriteSite,
  tensor,
  type Value,
} from '@spikeloom/ir';
import type { Analysis } from './analyse.ts';
import { type Coding, codings, type CodingName, type Edge, type Thresholds } from './codings.ts';
import { firstStep } from './first-step.ts';
import { scaleChannels } from './scale-channels.ts';
import { type Site, spikingOperands } from './sites.ts';

/** A site, and the neurons it gets. */
export interface NeuronLayout {
  readonly site: Site;
  readonly thresholds: Thresholds;
  readonly edge: Edge;
  /** Factors of the thresholds, channel by channel along an axis. */
  readonly channels?: { readonly axis: number; readonly scale: Float32Array } | undefined;
}

/**
 * Puts neurons at sites, and the forms of a coding in place of what does not commute with the mean over
 * time. Where wires carry changes, what depends on the input and weights alone stays as it is and enters at
 * the first timestep. Outputs have the results as their mean over time, in every coding.
 */
export function applySpikes(
  analysis: Analysis,
  layouts: ReadonlyMap<Ref, NeuronLayout>,
  registry: Registry,
  codingName: CodingName,
): Graph {
  const coding = codings[codingName];
  const enter = entrances();
  const neuronAt = neuronLayers(coding, enter);
  const readouts: Record<string, Ref> = {};
  const { graph } = rewrite(analysis.graph, registry, {
    replace(at) {
      const { node, op, builder } = at;
      const inputs = withSpikes(at, analysis, layouts, neuronAt);
      const varying = Object.keys(inputs).filter((name) =>
        listOf(inputs[name]).some(enter.isMoving),
      );
      const becomesOther = !coding.carriesChanges || varying.length > 0;
      const given =
        coding.carriesChanges && varying.length > 0
          ? enterConstants(at, inputs, varying, enter.at)
          : inputs;
      const outputs = builder.apply(
        becomesOther ? formOf(node, op, analysis, coding) : op,
        given,
        node.attributes,
        node.id,
      );
      if (varying.length === 0) return outputs;
      for (const value of Object.values(outputs)) enter.moving.add(value.ref);
      for (const [name, ref] of Object.entries(analysis.graph.outputs)) {
        const output = ref === node.id ? 'out' : ref.slice(node.id.length + 1);
        const value =
          ref === node.id || ref.startsWith(`${node.id}:`) ? outputs[output] : undefined;
        if (value && coding.readout) {
          readouts[name] = builder.apply(coding.readout, { x: value }, {}, `${name}.mean`)[
            'out'
          ]!.ref;
        }
      }
      return outputs;
    },
  });
  return { ...graph, outputs: { ...graph.outputs, ...readouts } };
}

interface Entrances {
  /** Values of the new graph that depend on spikes. */
  readonly moving: Set<Ref>;
  isMoving(value: Value): boolean;
  /** A value at the first timestep and zeros afterwards, made once. */
  at(builder: RewriteSite['builder'], value: Value): Value;
}

function entrances(): Entrances {
  const moving = new Set<Ref>();
  const made = new Map<Ref, Value>();
  const isMoving = ({ ref }: Value): boolean => moving.has(ref);
  return {
    moving,
    isMoving,
    at(builder, value) {
      if (isMoving(value)) return value;
      const known = made.get(value.ref);
      if (known) return known;
      const id = `${value.ref.replace(':', '.')}.first_step`;
      const { out } = builder.apply(firstStep, { x: value }, {}, id);
      made.set(value.ref, out);
      return out;
    },
  };
}

type AddNeuron = (ref: Ref, layout: NeuronLayout, at: RewriteSite) => NeuronValues;

interface NeuronValues {
  readonly spikes: Value;
  readonly scale: Value | undefined;
}

/** Adds the neurons of a site when its first reader comes. */
function neuronLayers(coding: Coding, enter: Entrances): AddNeuron {
  const made = new Map<Ref, NeuronValues>();
  return (ref, { site, thresholds, edge, channels }, { builder, translate }) => {
    const known = made.get(ref);
    if (known) return known;
    let current = translate(ref);
    if (coding.carriesChanges) current = enter.at(builder, current);
    const scale = channels
      ? builder.param(`${site.neuron}.scale`, [channels.scale.length], {
          tensor: tensor(channels.scale),
          trainable: false,
        })
      : undefined;
    if (scale && channels) {
      const attributes = { axis: channels.axis, inverse: true };
      const id = `${site.neuron}.scaled`;
      current = builder.apply(scaleChannels, { x: current, scale }, attributes, id).out;
    }
    const spikes = coding.addNeuron(builder, current, thresholds, edge, site.neuron);
    enter.moving.add(spikes.ref);
    const values = { spikes, scale };
    made.set(ref, values);
    return values;
  };
}

/** The inputs of a node, with spikes for what becomes spikes; weights take the factors of channels up. */
function withSpikes(
  at: RewriteSite,
  analysis: Analysis,
  layouts: ReadonlyMap<Ref, NeuronLayout>,
  neuronAt: AddNeuron,
): PerName<Value> {
  const { node, builder } = at;
  const given: Record<string, Value | readonly Value[] | undefined> = { ...at.inputs };
  for (const name of spikingOperands(node, analysis)) {
    const ref = String(node.inputs[name]);
    const layout = layouts.get(ref);
    if (!layout?.site.consumers.includes(node.id)) continue;
    const { spikes, scale } = neuronAt(ref, layout, at);
    given[name] = spikes;
    if (!scale) continue;
    const x = given['weight'] as Value;
    const id = `${node.id}.scaled_weight`;
    given['weight'] = builder.apply(scaleChannels, { x, scale }, { axis: 1 }, id).out;
  }
  return given;
}

/** Constants that are added to what varies, such as biases, enter once. */
function enterConstants(
  { op, builder }: RewriteSite,
  inputs: PerName<Value>,
  varying: readonly string[],
  enterAt: Entrances['at'],
): PerName<Value> {
  const group = op.affineIn?.find((names) => varying.every((name) => names.includes(name)));
  if (!group) return inputs;
  return Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => {
      if (!values || !group.includes(name)) return [name, values];
      const entered = listOf(values).map((value) => enterAt(builder, value));
      return [name, Array.isArray(values) ? entered : entered[0]];
    }),
  );
}

function formOf(
  node: GraphNode,
  op: AnyOperator,
  { parts }: Analysis,
  coding: Coding,
): AnyOperator {
  const part = parts.get(node.id)!;
  return part.kind === 'function' || part.kind === 'product'
    ? coding.formOf(part.compensation)!
    : op;
}

function listOf(values: PerName<Value>[string]): readonly Value[] {
  return values === undefined ? [] : [values].flat();
}
