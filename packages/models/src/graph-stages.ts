/** A network on one large graph as a series of networks for some of its nodes at a time. */
import {
  type Dim,
  type Graph,
  type GraphNode,
  inputRefs,
  mapNames,
  nodeIdOf,
  type Ref,
  type Registry,
  SpikeloomError,
  type ValueType,
} from '@spikeloom/ir';
import { edgeSize, type GraphFlow, graphFlow, isSpread, nodeSize } from './graph-flow.ts';

/** One walk over all nodes. Its graph is for some nodes, `V`, and the edges that end at them, `E`. */
export interface GraphStage {
  readonly graph: Graph;
  /** Inputs that are values of earlier stages: by the name of the input. */
  readonly reads: ReadonlyMap<string, StageInput>;
  /** Outputs, by name, that later stages read or that are outputs of the network. */
  readonly gives: ReadonlyMap<Ref, StageOutput>;
}

/** `rows`: those of the nodes; `messages`: those at the sources of the edges; `total`: of all nodes together. */
export interface StageInput {
  readonly kind: 'rows' | 'messages' | 'total';
  readonly of: Ref;
}

/** `rows`: a row for every node; otherwise one value, joined over the parts of the graph. */
export interface StageOutput {
  readonly kind: 'rows' | 'add' | 'maximum' | 'same';
  readonly type: ValueType;
}

export interface GraphStages {
  readonly stages: readonly GraphStage[];
  /** What the outputs of the network are among those of the stages. */
  readonly outputs: Readonly<Record<string, Ref>>;
}

/**
 * Cuts a network where nodes wait for each other: at edges, and at sums over all nodes. What is narrow there is
 * kept for all nodes; what is wide is worked out again from what is narrow.
 *
 * Throws `unsupported` for a network that compares every node with every other, or has states.
 */
export function graphStages(source: Graph, registry: Registry): GraphStages {
  const flow = graphFlow(source, registry);
  const count = 1 + Math.max(...Object.values(flow.graph.outputs).map((ref) => readyAt(flow, ref)));
  const wanted = Array.from({ length: count }, () => new Map<Ref, StageOutput>());
  for (const ref of Object.values(flow.graph.outputs)) {
    const stage = flow.stages.get(nodeIdOf(ref))!;
    wanted[stage]!.set(ref, outputOf(flow, ref));
  }
  const stages: GraphStage[] = [];
  // Backwards, because a stage says what it wants of those before it.
  for (let stage = count - 1; stage >= 0; stage--) {
    const made = makeStage(flow, stage, wanted[stage]!);
    for (const { of, kind } of made.reads.values()) {
      const giver = wanted[flow.stages.get(nodeIdOf(of))!]!;
      giver.set(of, kind === 'total' ? outputOf(flow, of) : rowsOf(flow, of));
    }
    stages.unshift(made);
  }
  return { stages, outputs: flow.graph.outputs };
}

function readyAt({ stages, barriers }: GraphFlow, ref: Ref): number {
  const id = nodeIdOf(ref);
  return stages.get(id)! + (barriers.get(id)?.kind === 'messages' ? 1 : 0);
}

function outputOf(flow: GraphFlow, ref: Ref): StageOutput {
  const type = flow.types.get(ref)!;
  const barrier = flow.barriers.get(nodeIdOf(ref));
  if (barrier?.kind === 'total') return { kind: barrier.join, type };
  return isSpread(type) ? rowsOf(flow, ref) : { kind: 'same', type };
}

function rowsOf({ types }: GraphFlow, ref: Ref): StageOutput {
  const type = types.get(ref)!;
  if (isRows(type)) return { kind: 'rows', type };
  throw new SpikeloomError({
    code: 'unsupported',
    path: ref,
    message: 'a value that leaves its part of the graph has a row for every node',
    expected: `float32 [${nodeSize}, …]`,
    got: `${type.dtype} [${type.shape.join(', ')}]`,
  });
}

function isRows({ shape, dtype }: ValueType): boolean {
  return dtype === 'float32' && shape.lastIndexOf(nodeSize) === 0 && !shape.includes(edgeSize);
}

function makeStage(
  flow: GraphFlow,
  stage: number,
  gives: ReadonlyMap<Ref, StageOutput>,
): GraphStage {
  const { graph, types, barriers, stages } = flow;
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const included = new Set<string>();
  const reads = new Map<string, StageInput>();
  /** The inputs that stand for values of earlier stages. */
  const standIns = new Map<Ref, string>();
  const visit = (ref: Ref): void => {
    const node = nodes.get(nodeIdOf(ref))!;
    if (standIns.has(ref) || included.has(node.id)) return;
    const isEarlier = stages.get(node.id)! < stage;
    const barrier = barriers.get(node.id);
    const kept = isEarlier && !barrier && isNarrow(flow, node, ref);
    if (isEarlier && (barrier || kept)) {
      const name = `kept.${reads.size}`;
      standIns.set(ref, name);
      const input: StageInput =
        barrier?.kind === 'messages'
          ? { kind: 'messages', of: barrier.of }
          : { kind: barrier ? 'total' : 'rows', of: ref };
      reads.set(name, input);
      return;
    }
    included.add(node.id);
    for (const input of inputRefs(node)) visit(input);
  };
  for (const ref of gives.keys()) visit(ref);
  const inputs = [...standIns].map(([ref, name]) => inputNode(name, types.get(ref)!));
  const redirect = (ref: Ref): Ref => standIns.get(ref) ?? ref;
  const body = graph.nodes
    .filter(({ id }) => included.has(id))
    .map((node) => ({ ...node, inputs: mapNames(node.inputs, redirect) }));
  return {
    graph: {
      name: `${graph.name}-${stage}`,
      nodes: [...inputs, ...body],
      outputs: Object.fromEntries([...gives.keys()].map((ref) => [ref, redirect(ref)])),
      weights: new Map([...graph.weights].filter(([id]) => included.has(id))),
      metadata: {},
    },
    reads,
    gives,
  };
}

/** Whether keeping a row for every node takes less than what the row is worked out from. */
function isNarrow({ types }: GraphFlow, node: GraphNode, ref: Ref): boolean {
  const type = types.get(ref)!;
  if (node.op === 'spikeloom/input' || !isRows(type)) return false;
  const given = new Set(inputRefs(node));
  const width = [...given].reduce((sum, input) => sum + widthOf(types.get(input)!), 0);
  return widthOf(type) < width;
}

/** Numbers for each node. */
function widthOf(type: ValueType): number {
  if (!isSpread(type)) return 0;
  const size = type.shape.reduce<number>((product, dim) => product * lengthOf(dim), 1);
  return type.shape.includes(edgeSize) ? edgesOfNode * size : size;
}

/** What a node is taken to have; more only makes it likelier that sums over edges are kept. */
const edgesOfNode = 10;

function lengthOf(dim: Dim): number {
  return typeof dim === 'number' ? dim : 1;
}

function inputNode(id: string, type: ValueType): GraphNode {
  const { shape, dtype, signal } = type;
  return {
    id,
    op: 'spikeloom/input',
    version: 1,
    inputs: {},
    attributes: { shape: [...shape], dtype, signal },
    outputs: { out: type },
  };
}
