import { type GraphNode, isEvent, nodeIdOf, type Ref, refOf, valueTypes } from '@spikeloom/ir';
import type { Analysis } from './analyse.ts';

/**
 * What a neuron stands before, by the names of the ECMT reference: the query/key/value projection
 * (`fc_qkv`), the operands of the attention products (`q`, `k`, `s` after the soft-max, `v`), the output
 * projection (`fc_out`), the two layers of an MLP (`fc1`, `fc2`); `linear` and `product` anywhere else.
 */
export type SiteRole =
  'fc_qkv' | 'q' | 'k' | 's' | 'v' | 'fc_out' | 'fc1' | 'fc2' | 'linear' | 'product';

/** A place where real numbers become spikes. */
export interface Site {
  /** The value that becomes spikes. */
  readonly source: Ref;
  /** The node id the neuron gets. */
  readonly neuron: string;
  readonly role: SiteRole;
  /** The nodes that read the spikes. */
  readonly consumers: readonly string[];
}

/** Finds every value that must become spikes: what weighted sums and products of activations read. */
export function findSites(analysis: Analysis): Site[] {
  const types = valueTypes(analysis.graph);
  const sites = new Map<Ref, { role: SiteRole; consumers: string[] }>();
  const links = linkNodes(analysis);
  for (const node of analysis.graph.nodes) {
    for (const operand of spikingOperands(node, analysis)) {
      const source = String(node.inputs[operand]);
      if (isEvent(types.get(source)!)) continue;
      const known = sites.get(source);
      if (known) known.consumers.push(node.id);
      else
        sites.set(source, { role: roleOf(node, operand, analysis, links), consumers: [node.id] });
    }
  }
  return [...sites].map(([source, { role, consumers }]) => ({
    source,
    neuron: `${nodeIdOf(source)}.neuron`,
    role,
    consumers,
  }));
}

/**
 * The inputs of a node that become spikes.
 *
 * @param last whether the last weighted sum reads spikes too
 */
export function spikingOperands(
  node: GraphNode,
  analysis: Analysis,
  last = false,
): readonly string[] {
  const part = analysis.parts.get(node.id)!;
  if (part.kind === 'product') return part.compensation.over;
  if (part.kind !== 'synaptic' || part.analogue === 'input') return [];
  return part.analogue === undefined || last ? [part.data] : [];
}

interface Links {
  readonly producer: ReadonlyMap<Ref, GraphNode>;
  readonly readers: ReadonlyMap<Ref, readonly GraphNode[]>;
}

function linkNodes({ graph }: Analysis): Links {
  const producer = new Map<Ref, GraphNode>();
  const readers = new Map<Ref, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const output of Object.keys(node.outputs)) producer.set(refOf(node, output), node);
    for (const ref of Object.values(node.inputs).flat()) {
      readers.set(ref, [...(readers.get(ref) ?? []), node]);
    }
  }
  return { producer, readers };
}

function roleOf(node: GraphNode, operand: string, analysis: Analysis, links: Links): SiteRole {
  const isSoftmax = (found: GraphNode | undefined): boolean => found?.op === 'spikeloom/softmax';
  const before = nearestBefore(String(node.inputs[operand]), analysis, links);
  const after = nearestAfter(node, analysis, links);
  const kindOf = (found: GraphNode | undefined): string | undefined =>
    found && analysis.parts.get(found.id)?.kind;
  const isActivation = (found: GraphNode | undefined): boolean =>
    kindOf(found) === 'function' && found?.op !== 'spikeloom/layer-norm' && !isSoftmax(found);
  if (analysis.parts.get(node.id)?.kind === 'product') {
    if (isSoftmax(before)) return 's';
    if (isSoftmax(after)) return operand === 'a' ? 'q' : 'k';
    const other = operand === 'a' ? 'b' : 'a';
    return isSoftmax(nearestBefore(String(node.inputs[other]), analysis, links)) ? 'v' : 'product';
  }
  if (kindOf(before) === 'product') return 'fc_out';
  if (isActivation(before)) return 'fc2';
  if (kindOf(after) === 'product') return 'fc_qkv';
  return isActivation(after) ? 'fc1' : 'linear';
}

/** The first node on the way back that is more than a linear rearrangement. */
function nearestBefore(
  source: Ref,
  { parts }: Analysis,
  { producer }: Links,
): GraphNode | undefined {
  const pending = [source];
  const seen = new Set<Ref>();
  for (let ref = pending.shift(); ref !== undefined; ref = pending.shift()) {
    const node = producer.get(ref);
    if (!node || seen.has(ref)) continue;
    seen.add(ref);
    const kind = parts.get(node.id)?.kind;
    if (kind === 'fixed') continue;
    if (kind !== 'linear') return node;
    pending.push(...Object.values(node.inputs).flat());
  }
  return undefined;
}

/** The first node on the way on that is more than a linear rearrangement. */
function nearestAfter(
  start: GraphNode,
  { parts }: Analysis,
  { readers }: Links,
): GraphNode | undefined {
  const pending = Object.keys(start.outputs).map((output) => refOf(start, output));
  const seen = new Set<Ref>();
  for (let ref = pending.shift(); ref !== undefined; ref = pending.shift()) {
    if (seen.has(ref)) continue;
    seen.add(ref);
    for (const node of readers.get(ref) ?? []) {
      if (parts.get(node.id)?.kind !== 'linear') return node;
      pending.push(...Object.keys(node.outputs).map((output) => refOf(node, output)));
    }
  }
  return undefined;
}
