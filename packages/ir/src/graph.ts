import type { NodeAttributes } from './operator.ts';
import type { Json } from './attributes.ts';
import type { Tensor } from './tensor.ts';
import type { ValueType } from './value-type.ts';

/** The version of the graph format this package reads and writes. */
export const irVersion = 1;

/** Names a value: the id of its node, or `id:output` for nodes with several outputs. */
export type Ref = string;

/** One operator at work, at a path such as `blocks.0.attn.qkv`. Dots make scopes, as in PyTorch module names. */
export interface GraphNode {
  readonly id: string;
  readonly op: string;
  readonly version: number;
  readonly inputs: Readonly<Record<string, Ref | readonly Ref[]>>;
  readonly attributes: NodeAttributes;
  readonly outputs: Readonly<Record<string, ValueType>>;
}

/** A network: what happens in one timestep. Nodes stand in an order in which they can run. */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly GraphNode[];
  readonly outputs: Readonly<Record<string, Ref>>;
  /** The tensors of `param` and `buffer` nodes, by node id. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Whatever travels with the model: preprocessing, class names, conversion report, calibrated cutoff. */
  readonly metadata: Readonly<Record<string, Json>>;
}

/** The ref of a node's output. */
export function refOf(node: Pick<GraphNode, 'id' | 'outputs'>, output: string): Ref {
  return Object.keys(node.outputs).length === 1 ? node.id : `${node.id}:${output}`;
}

/** The node a ref points into. */
export function nodeIdOf(ref: Ref): string {
  const colon = ref.indexOf(':');
  return colon < 0 ? ref : ref.slice(0, colon);
}

/** Every ref a node reads. */
export function inputRefs(node: Pick<GraphNode, 'inputs'>): Ref[] {
  return Object.values(node.inputs).flat();
}

/** The type of every value in a graph. */
export function valueTypes(graph: Pick<Graph, 'nodes'>): Map<Ref, ValueType> {
  const types = new Map<Ref, ValueType>();
  for (const node of graph.nodes) {
    for (const [output, type] of Object.entries(node.outputs)) types.set(refOf(node, output), type);
  }
  return types;
}

/** The data inputs of a graph and their types. */
export function graphInputs(graph: Pick<Graph, 'nodes'>): Map<string, ValueType> {
  const inputs = new Map<string, ValueType>();
  for (const node of graph.nodes) {
    const type = node.outputs['out'];
    if (node.op === 'spikeloom/input' && type !== undefined) inputs.set(node.id, type);
  }
  return inputs;
}

/** The same graph with other metadata keys added. */
export function withMetadata(graph: Graph, metadata: Readonly<Record<string, Json>>): Graph {
  return { ...graph, metadata: { ...graph.metadata, ...metadata } };
}
