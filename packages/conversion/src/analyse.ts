import {
  type AnyOperator,
  type Graph,
  type GraphNode,
  inputRefs,
  mapNames,
  type Problem,
  type Ref,
  refOf,
  type Registry,
  valueTypes,
} from '@spikeloom/ir';
import type { Compensation } from './compensate.ts';
import { timeProblem } from './time-problem.ts';

/** What a node of the trained network becomes. */
export type Part =
  /** Depends on weights alone. */
  | { readonly kind: 'fixed' }
  /** Commutes with the mean over time: stays. */
  | { readonly kind: 'linear' }
  /** A weighted sum of something that varies: its input becomes spikes, unless it is the first or last. */
  | {
      readonly kind: 'synaptic';
      readonly data: string;
      readonly analogue: 'input' | 'head' | undefined;
    }
  | { readonly kind: 'product'; readonly compensation: Compensation }
  | { readonly kind: 'function'; readonly compensation: Compensation };

/** A trained network, looked at with the conversion's eyes. */
export interface Analysis {
  readonly graph: Graph;
  readonly parts: ReadonlyMap<string, Part>;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** Nodes the conversion has no rule for. */
  readonly problems: readonly Problem[];
}

/** Sorts the nodes of a network into what stays, what becomes spikes and what is compensated. */
export function analyse(graph: Graph, registry: Registry): Analysis {
  const compensations = new Map<string, Compensation>();
  for (const plugin of registry.plugins) {
    for (const compensation of plugin.compensations ?? [])
      compensations.set(compensation.of.id, compensation);
  }
  const types = valueTypes(graph);
  const varying = new Set<Ref>();
  const parts = new Map<string, Part>();
  const problems: Problem[] = [];
  for (const node of graph.nodes) {
    const op = registry.operator(node.op);
    const names = Object.entries(node.inputs)
      .filter(([, refs]) => [refs].flat().some((ref) => varying.has(ref)))
      .map(([name]) => name);
    const isInput = node.op === 'spikeloom/input';
    if (isInput || names.length > 0) {
      for (const output of Object.keys(node.outputs)) varying.add(refOf(node, output));
    }
    const inputTypes = mapNames(node.inputs, (ref) => types.get(ref)!);
    const timely = timeProblem(node, op, inputTypes);
    const part = timely ? undefined : partOf(op, isInput ? [] : names, compensations);
    if (part) parts.set(node.id, part);
    else problems.push(timely ?? refusal(node, op, names));
  }
  return {
    graph,
    nodes: new Map(graph.nodes.map((node) => [node.id, node])),
    parts: markAnalogue(graph, parts),
    problems,
  };
}

function partOf(
  op: AnyOperator,
  varying: readonly string[],
  compensations: ReadonlyMap<string, Compensation>,
): Part | undefined {
  if (varying.length === 0) return { kind: 'fixed' };
  const affine =
    op.affineIn?.some((group) => varying.every((name) => group.includes(name))) ?? false;
  if (affine) {
    return op.synaptic
      ? { kind: 'synaptic', data: varying[0]!, analogue: undefined }
      : { kind: 'linear' };
  }
  const compensation = compensations.get(op.id);
  const covered = compensation && varying.every((name) => compensation.over.includes(name));
  return covered ? { kind: compensation.kind, compensation } : undefined;
}

/** The first weighted sum on the way from an input and the last before an output stay analogue. */
function markAnalogue(graph: Graph, parts: ReadonlyMap<string, Part>): Map<string, Part> {
  const sums = (id: string): boolean => ['synaptic', 'product'].includes(parts.get(id)?.kind ?? '');
  const producers = new Map<Ref, string>();
  const afterSum = new Set<string>();
  const beforeSum = new Set<string>();
  for (const node of graph.nodes) {
    for (const output of Object.keys(node.outputs)) producers.set(refOf(node, output), node.id);
    const sources = inputRefs(node).map((ref) => producers.get(ref)!);
    if (sources.some((id) => sums(id) || afterSum.has(id))) afterSum.add(node.id);
  }
  for (const node of graph.nodes.toReversed()) {
    if (!sums(node.id) && !beforeSum.has(node.id)) continue;
    for (const ref of inputRefs(node)) beforeSum.add(producers.get(ref)!);
  }
  const marked = new Map(parts);
  for (const [id, part] of parts) {
    if (part.kind !== 'synaptic') continue;
    const analogue = !afterSum.has(id) ? 'input' : !beforeSum.has(id) ? 'head' : undefined;
    marked.set(id, { ...part, analogue });
  }
  return marked;
}

function refusal(node: GraphNode, op: AnyOperator, varying: readonly string[]): Problem {
  const path = node.id;
  if (varying.length > 1 && op.affineIn) {
    return {
      code: 'cannot-convert',
      path,
      message: `${op.id} multiplies or divides two activations (${varying.join(' and ')}), which has no conversion rule`,
      fix: 'only matmul may join two activations by a product',
    };
  }
  return {
    code: 'cannot-convert',
    path,
    message: `${op.id} is not linear in ${varying.join(', ')} and no plugin compensates it`,
    fix: 'add compensate(op, [...]) for it to a plugin under "compensations"',
  };
}
