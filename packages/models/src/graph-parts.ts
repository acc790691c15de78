import {
  type Graph,
  graphInputs,
  type Ref,
  type Registry,
  SpikeloomError,
  type Tensor,
} from '@spikeloom/ir';
import {
  type Backend,
  type Cancellation,
  type Profiler,
  type Program,
  throwIfAborted,
} from '@spikeloom/runtime';
import { type EdgesByTarget, edgesByTarget } from './edges-by-target.ts';
import { edgeSize, nodeSize } from './graph-flow.ts';
import { edgesOf, messagesOf, type Part, partsOf, rowsOf } from './graph-part-rows.ts';
import { type GraphStage, graphStages, type StageInput, type StageOutput } from './graph-stages.ts';

export interface PartsOptions {
  readonly backend: Backend;
  readonly registry: Registry;
  /** Nodes that are worked on at once: more take more memory and fewer calls. Default 4096. */
  readonly nodesAtOnce?: number;
}

export interface PartsRunOptions {
  readonly signal?: Cancellation | undefined;
  readonly profiler?: Profiler;
  /**
   * Called after every part, and waited for: how many are done, and how many there are over all stages. A pause here lets
   * a signal from outside arrive.
   */
  readonly onProgress?: (done: number, total: number) => void | Promise<void>;
}

/** A network on one graph that runs part by part. */
export interface PartsProgram {
  /** How often it goes over all nodes. */
  readonly stages: number;
  /** One pass; outputs by name, `[V, …]` where the network gives a row for every node. */
  run(
    inputs: Readonly<Record<string, Tensor>>,
    options?: PartsRunOptions,
  ): Promise<Readonly<Record<string, Tensor>>>;
  dispose(): void;
}

/**
 * Prepares a network for graphs that do not fit into the memory of a backend: it goes over the nodes part by
 * part, as often as nodes have to wait for each other, and keeps a few numbers per node in ordinary memory
 * between. The results are those of the whole graph: to the bit where sums over nodes are sums of whole numbers
 * below 2^24, as with spikes, else up to the order of summation.
 *
 * For networks whose inputs are `x` `[V, F]`, `edges` `[2, E]` and others of one row per node, such as `sghormer`
 * with linear scores, `gcn`, `gat`, and `graphTransformer` with linear attention. Throws `unsupported` for a
 * network that compares every node with every other.
 */
export async function compileInParts(
  graph: Graph,
  { backend, registry, nodesAtOnce = 4096 }: PartsOptions,
): Promise<PartsProgram> {
  if (!Number.isSafeInteger(nodesAtOnce) || nodesAtOnce < 1) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'compileInParts',
      message: 'nodesAtOnce is a count of nodes',
      expected: '1 or more',
      got: `${nodesAtOnce}`,
    });
  }
  const { stages, outputs } = graphStages(graph, registry);
  const programs: Program[] = [];
  const dispose = (): void => {
    for (const program of programs.splice(0)) program.dispose();
  };
  try {
    for (const stage of stages)
      programs.push(await backend.compile(stage.graph, { registry, batch: nodeSize }));
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    stages: stages.length,
    dispose,
    async run(inputs, options = {}) {
      const nodes = checkInputs(graph, inputs);
      const edges = edgesByTarget(inputs['edges']!, nodes);
      const parts = partsOf(nodes, nodesAtOnce);
      const kept = new Map<Ref, Tensor>();
      let done = 0;
      for (const [index, stage] of stages.entries()) {
        const given = { stage, program: programs[index]!, inputs, kept };
        const results = new Map(
          [...stage.gives].map(([ref, output]) => [ref, emptyResult(output, nodes)]),
        );
        for (const part of parts) {
          throwIfAborted(options.signal);
          const found = await runPart(given, part, edges, options);
          for (const [ref, { kind }] of stage.gives)
            joinResult(results.get(ref)!, withoutTime(found[ref]!), kind, part);
          await options.onProgress?.(++done, stages.length * parts.length);
        }
        for (const [ref, { shape, data }] of results)
          kept.set(ref, { shape, dtype: 'float32', data: Float32Array.from(data) });
        forget(kept, stages.slice(index + 1), Object.values(outputs));
      }
      return Object.fromEntries(
        Object.entries(outputs).map(([name, ref]) => [name, kept.get(ref)!]),
      );
    },
  };
}

interface StageRun {
  readonly stage: GraphStage;
  readonly program: Program;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly kept: ReadonlyMap<Ref, Tensor>;
}

function runPart(
  { stage, program, inputs, kept }: StageRun,
  part: Part,
  edges: EdgesByTarget,
  { signal, profiler }: PartsRunOptions,
): ReturnType<Program['run']> {
  const fed = [...program.inputs].map(([name, { shape }]): [string, Tensor] => {
    const read = stage.reads.get(name);
    if (read) return [name, readKept(read, kept.get(read.of)!, part, edges)];
    if (name === 'edges') return [name, edgesOf(part, edges)];
    return [name, shape[0] === nodeSize ? rowsOf(inputs[name]!, part) : inputs[name]!];
  });
  return program.run(Object.fromEntries(fed), {
    timesteps: 1,
    signal,
    ...(profiler ? { profiler } : {}),
  });
}

function readKept({ kind }: StageInput, value: Tensor, part: Part, edges: EdgesByTarget): Tensor {
  if (kind === 'total') return value;
  return kind === 'rows' ? rowsOf(value, part) : messagesOf(value, part, edges);
}

/** What a stage has of a value so far. */
interface Result {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

function emptyResult({ kind, type }: StageOutput, nodes: number): Result {
  const shape = type.shape.map((dim) => (dim === nodeSize ? nodes : Number(dim)));
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (kind === 'rows') return { shape, data: new Float32Array(size) };
  return { shape, data: new Float64Array(size).fill(kind === 'maximum' ? -Infinity : 0) };
}

function joinResult(
  { shape, data }: Result,
  given: Tensor,
  kind: StageOutput['kind'],
  { start }: Part,
): void {
  if (kind === 'rows') {
    data.set(given.data, (start * data.length) / (shape[0] ?? 1));
    return;
  }
  given.data.forEach((number, index) => {
    const before = data[index]!;
    data[index] =
      kind === 'add' ? before + number : kind === 'maximum' ? Math.max(before, number) : number;
  });
}

/** Programs put a time axis in front of their outputs; here there is one timestep. */
function withoutTime({ shape, dtype, data }: Tensor): Tensor {
  return { shape: shape.slice(1), dtype, data };
}

/** Lets go of what no later stage reads and no output shows. */
function forget(
  kept: Map<Ref, Tensor>,
  later: readonly GraphStage[],
  outputs: readonly Ref[],
): void {
  const needed = new Set<Ref>(outputs);
  for (const { reads } of later) for (const { of } of reads.values()) needed.add(of);
  for (const ref of kept.keys()) if (!needed.has(ref)) kept.delete(ref);
}

/** How many nodes there are. */
function checkInputs(graph: Graph, inputs: Readonly<Record<string, Tensor>>): number {
  let nodes: number | undefined;
  for (const [name, { shape, dtype }] of graphInputs(graph)) {
    const given = inputs[name];
    const expected = `${dtype} [${shape.join(', ')}]`;
    if (!given) {
      throw new SpikeloomError({
        code: 'missing-input',
        path: name,
        message: 'the input was not given',
        expected,
      });
    }
    if (shape[0] === nodeSize) nodes ??= given.shape[0];
    const fits =
      given.dtype === dtype &&
      given.shape.length === shape.length &&
      shape.every((dim, axis) =>
        dim === nodeSize
          ? given.shape[axis] === nodes
          : typeof dim === 'string' || given.shape[axis] === dim,
      );
    if (fits) continue;
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: name,
      message: 'the input does not fit the network',
      expected,
      got: `${given.dtype} [${given.shape.join(', ')}]`,
    });
  }
  if (nodes !== undefined && nodes > 0 && (inputs['edges']?.shape[1] ?? 0) > 0) return nodes;
  throw new SpikeloomError({
    code: 'empty-batch',
    path: graph.name,
    message: 'the graph has no nodes or no edges',
    expected: `x [${nodeSize}, F] and edges [2, ${edgeSize}]`,
  });
}
