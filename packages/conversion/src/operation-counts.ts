import {
  type GraphNode,
  lowerAlone,
  mapNames,
  primitives,
  type Ref,
  type Registry,
  type ValueType,
  valueTypes,
} from '@spikeloom/ir';
import type { Analysis } from './analyse.ts';
import { type Site, spikingOperands } from './sites.ts';

/** Spikes per neuron at each timestep, by the value that became spikes. */
export type Events = ReadonlyMap<Ref, readonly number[]>;

/** How much of the trained network's arithmetic waits for which spikes. */
export interface OperationCounts {
  /** Multiply-accumulates for one sample that each site's spikes replace; those of a product count for both. */
  readonly perSite: ReadonlyMap<Ref, number>;
  /** Of all weighted sums and products that count. */
  readonly total: number;
  /** What spikes cost up to the last timestep, as a share of the trained network's energy; those of one site, or of all. */
  energyOf(events: Events, site?: Ref): number;
}

/** Picojoules of an addition and of a multiply-accumulate in 45 nm: Horowitz (2014), ISSCC. */
const priceRatio = 0.9 / 4.6;

/**
 * Counts as the ECMT paper does: one addition for every spike and target; a product three times (a b, a B,
 * A b with the sums after the step); linear layers that stay real like spikes everywhere, but
 * convolutions that do, such as the first, not at all. Spikes of the two sides of a product are taken as independent.
 */
export function countOperations(
  analysis: Analysis,
  sites: readonly Site[],
  registry: Registry,
): OperationCounts {
  const isSite = new Set(sites.map(({ source }) => source));
  const perSite = new Map<Ref, number>();
  const layers: {
    readonly macs: number;
    readonly sources: readonly Ref[];
    readonly product: boolean;
  }[] = [];
  const types = valueTypes(analysis.graph);
  for (const node of analysis.graph.nodes) {
    const part = analysis.parts.get(node.id)!;
    if (part.kind !== 'product' && part.kind !== 'synaptic') continue;
    const sources = spikingOperands(node, analysis)
      .map((name) => String(node.inputs[name]))
      .filter((ref) => isSite.has(ref));
    if (node.op === primitives.conv2d.id && sources.length === 0) continue;
    const macs = multiplyAccumulates(node, types, registry);
    layers.push({ macs, sources, product: part.kind === 'product' });
    for (const source of sources) perSite.set(source, (perSite.get(source) ?? 0) + macs);
  }
  const total = layers.reduce((sum, { macs }) => sum + macs, 0);
  return {
    perSite,
    total,
    energyOf(events, site) {
      let additions = 0;
      const timesteps = Math.max(...[...events.values()].map((steps) => steps.length), 0);
      for (const { macs, sources, product } of layers) {
        if (site !== undefined && !sources.includes(site)) continue;
        for (let step = 0; step < timesteps; step++) {
          const [a = 1, b = 1] = sources.map((source) => events.get(source)![step]!);
          const [everA = 1, everB = 1] = sources.map((source) =>
            everBefore(events.get(source)!, step),
          );
          additions += macs * (product ? a * b + a * everB + everA * b : a);
        }
      }
      return total === 0 ? 0 : (priceRatio * additions) / total;
    },
  };
}

/** The share of neurons that have fired up to a step: later spikes mostly come from those that fired before. */
function everBefore(steps: readonly number[], step: number): number {
  return Math.max(...steps.slice(0, step + 1));
}

/** The products an operator adds up for one sample. */
function multiplyAccumulates(
  node: GraphNode,
  types: ReadonlyMap<Ref, ValueType>,
  registry: Registry,
): number {
  const inputs = mapNames(node.inputs, (ref) => oneSample(types.get(ref)!));
  const lowered = lowerAlone(registry.operator(node.op), inputs, node.attributes);
  const inside = new Map(
    lowered.flatMap(({ id, outputs }) => Object.values(outputs).map((type) => [id, type] as const)),
  );
  return lowered.reduce((sum, inner) => {
    const op = registry.operator(inner.op);
    const work = op.work?.(
      mapNames(inner.inputs, (ref) => inside.get(ref)!),
      inner.attributes,
      inner.outputs,
    );
    return work?.kind === 'contraction' ? sum + work.macs : sum;
  }, 0);
}

function oneSample(type: ValueType): ValueType {
  return { ...type, shape: type.shape.map((dim) => (typeof dim === 'number' ? dim : 1)) };
}
