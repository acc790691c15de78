/** How values move between nodes of a graph: what works node by node, and where nodes wait for each other. */
import {
  type Graph,
  graphInputs,
  type GraphNode,
  inputRefs,
  lowerAlone,
  mapNames,
  nodeIdOf,
  type Ref,
  refOf,
  type Registry,
  rewrite,
  SpikeloomError,
  valueTypes,
  type ValueType,
} from '@spikeloom/ir';

/** The names of sizes that networks on graphs use. */
export const nodeSize = 'V';
export const edgeSize = 'E';

/** What stands between nodes: rows from the other end of edges, or one value of all nodes together. */
export type Barrier =
  | { readonly kind: 'messages'; readonly of: Ref }
  | { readonly kind: 'total'; readonly join: 'add' | 'maximum' };

/** A network of operators that each work on nodes and edges one by one, but for the barriers. */
export interface GraphFlow {
  readonly graph: Graph;
  readonly types: ReadonlyMap<Ref, ValueType>;
  /** By the id of the node. */
  readonly barriers: ReadonlyMap<string, Barrier>;
  /** How often a node has to wait for all nodes of the graph before it can run. */
  readonly stages: ReadonlyMap<string, number>;
}

/** Opens operators until every one either works on nodes one by one or is a barrier. */
export function graphFlow(source: Graph, registry: Registry): GraphFlow {
  requireNodes(source);
  const graph = openMixing(source, registry);
  const types = valueTypes(graph);
  const ends = edgeEnds(graph);
  const barriers = new Map<string, Barrier>();
  const stages = new Map<string, number>();
  for (const node of graph.nodes) {
    const barrier = barrierOf(node, types, ends, registry);
    if (barrier) barriers.set(node.id, barrier);
    const waits = inputRefs(node).map((ref) => {
      const id = nodeIdOf(ref);
      return stages.get(id)! + (barriers.has(id) ? 1 : 0);
    });
    stages.set(node.id, Math.max(0, ...waits));
  }
  return { graph, types, barriers, stages };
}

/** Whether there is one of the value for every node or edge. */
export function isSpread({ shape }: ValueType): boolean {
  return shape.includes(nodeSize) || shape.includes(edgeSize);
}

/** Throws unless inputs have a row for every node, or are the edges, or have nothing to do with the graph. */
function requireNodes(graph: Graph): void {
  const inputs = [...graphInputs(graph)];
  const named = (name: string, { shape }: ValueType): boolean =>
    shape.every((dim, axis) =>
      name === 'edges' ? axis === 0 || dim === edgeSize : axis === 0 || typeof dim === 'number',
    );
  const odd = inputs.find(([name, type]) => !named(name, type) || hasOtherSize(type));
  const hasNodes = inputs.some(([, { shape }]) => shape[0] === nodeSize);
  if (!odd && hasNodes) return;
  const [path, type] = odd ?? [graph.name, undefined];
  throw new SpikeloomError({
    code: 'unsupported',
    path,
    message: odd
      ? 'the input has no row for every node'
      : 'the network has a fixed number of nodes, or none',
    expected: `inputs [${nodeSize}, …] and edges [2, ${edgeSize}]`,
    ...(type ? { got: `[${type.shape.join(', ')}]` } : {}),
    fix: 'build the network for the nodes of one graph, with dense features and sizes left open',
  });
}

function hasOtherSize({ shape }: ValueType): boolean {
  return shape.some((dim) => typeof dim === 'string' && dim !== nodeSize && dim !== edgeSize);
}

/** Lowers what lets nodes see each other, so that only primitives do. */
function openMixing(source: Graph, registry: Registry): Graph {
  let graph = source;
  for (;;) {
    const types = valueTypes(graph);
    const mixing = new Set(
      graph.nodes.flatMap((node) => {
        const op = registry.operator(node.op);
        const given = mapNames(node.inputs, (ref) => types.get(ref)!);
        return op.lower && !keepsNodesApart(lowerAlone(op, given, node.attributes), registry)
          ? [node.op]
          : [];
      }),
    );
    if (mixing.size === 0) return graph;
    graph = rewrite(graph, registry, { keep: ({ id }) => !mixing.has(id) }).graph;
  }
}

function keepsNodesApart(nodes: readonly GraphNode[], registry: Registry): boolean {
  const types = valueTypes({ nodes });
  return nodes.every((node) => {
    const spread = inputRefs(node).some((ref) => isSpread(types.get(ref)!));
    if (spread && registry.operator(node.op).mixesSamples) return false;
    return !spread || Object.values(node.outputs).every(isSpread);
  });
}

/** Which values are the sources of edges, and which their targets. */
function edgeEnds(graph: Graph): ReadonlyMap<Ref, 'source' | 'target'> {
  const ends = new Map<Ref, 'source' | 'target'>();
  for (const { id, op, inputs, attributes } of graph.nodes) {
    const of = String(inputs['x']);
    const known = ends.get(of);
    if (op === 'spikeloom/slice' && of === 'edges')
      ends.set(id, attributes['start'] === 0 ? 'source' : 'target');
    else if (op === 'spikeloom/reshape' && known) ends.set(id, known);
  }
  return ends;
}

function barrierOf(
  node: GraphNode,
  types: ReadonlyMap<Ref, ValueType>,
  ends: ReadonlyMap<Ref, 'source' | 'target'>,
  registry: Registry,
): Barrier | undefined {
  const spread = inputRefs(node).filter((ref) => isSpread(types.get(ref)!));
  const results = Object.values(node.outputs);
  const op = registry.operator(node.op);
  if (node.op === 'spikeloom/state') throw cannotPart(node, 'a network without states');
  if (results.some(pairsUp)) throw cannotPart(node, 'no value for every pair of nodes');
  if (spread.length > 0 && !results.every(isSpread)) {
    const join = joins[node.op];
    if (join) return { kind: 'total', join };
    throw cannotPart(node, `between nodes only ${Object.keys(joins).join(', ')}`);
  }
  const of = String(node.inputs['x']);
  const isLookedUp = node.op === 'spikeloom/gather' ? spread.includes(of) : results.some(isSpread);
  if (!op.mixesSamples || !isLookedUp) return undefined;
  const end = ends.get(String(node.inputs['indices'] ?? node.inputs['segments']));
  if (node.op === 'spikeloom/gather' && end === 'source') return { kind: 'messages', of };
  if (end === 'target') return undefined;
  throw cannotPart(node, 'rows that are looked up by the ends of edges');
}

/** How totals of some nodes make the total of all. */
const joins: Readonly<Record<string, 'add' | 'maximum'>> = {
  'spikeloom/matmul': 'add',
  'spikeloom/max': 'maximum',
  'spikeloom/segment-sum': 'add',
  'spikeloom/sum': 'add',
};

function pairsUp({ shape }: ValueType): boolean {
  return shape.filter((dim) => dim === nodeSize || dim === edgeSize).length > 1;
}

function cannotPart(node: GraphNode, expected: string): SpikeloomError {
  const types = Object.entries(node.outputs).map(([name]) => refOf(node, name));
  return new SpikeloomError({
    code: 'unsupported',
    path: types[0] ?? node.id,
    message: `${node.op} cannot be worked out for some nodes after others`,
    expected,
    fix: 'take dense features and attention with linear scores, and leave the numbers of nodes and edges open; or run the whole graph at once',
  });
}
