import * as v from 'valibot';
import type { Json } from './attributes.ts';
import { SpikeloomError, throwProblems } from './error.ts';
import { type Graph, irVersion } from './graph.ts';
import { inferGraph } from './infer-graph.ts';
import type { Registry } from './registry.ts';
import type { Tensor } from './tensor.ts';
import type { NodeAttributes } from './operator.ts';

/** A graph as JSON, without its tensors. Types are not stored: they follow from the nodes. */
export interface GraphJson {
  readonly irVersion: number;
  readonly name: string;
  readonly nodes: readonly {
    readonly id: string;
    readonly op: string;
    readonly version: number;
    readonly inputs?: Readonly<Record<string, string | readonly string[]>>;
    readonly attributes?: NodeAttributes;
  }[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, Json>>;
}

const name = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));
/** What may name a node: `createBuilder` takes the same. */
const nodeId = v.pipe(name, v.regex(/^[^\s:"]+$/, 'a name without spaces, colons and quotes'));
/** How deep lists and objects may nest: far more than any graph needs, far less than the call stack. */
const maxDepth = 100;
const names = v.record(v.string(), v.union([name, v.array(name)]));
const json: v.GenericSchema<unknown, Json> = v.lazy(() =>
  v.union([
    v.null(),
    v.boolean(),
    v.number(),
    v.string(),
    v.array(json),
    v.record(v.string(), json),
  ]),
);
const graphSchema = v.strictObject({
  irVersion: v.pipe(v.number(), v.safeInteger()),
  name,
  nodes: v.pipe(
    v.array(
      v.strictObject({
        id: nodeId,
        op: name,
        version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
        inputs: v.optional(names, {}),
        attributes: v.optional(v.record(v.string(), json), {}),
      }),
    ),
    v.maxLength(1_000_000),
  ),
  outputs: v.record(v.string(), name),
  metadata: v.optional(v.record(v.string(), json), {}),
});

/** Writes a graph as JSON; the tensors go beside it. */
export function graphToJson(graph: Graph): GraphJson {
  return {
    irVersion,
    name: graph.name,
    nodes: graph.nodes.map(({ id, op, version, inputs, attributes }) => ({
      id,
      op,
      version,
      ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
      ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    })),
    outputs: graph.outputs,
    ...(Object.keys(graph.metadata).length > 0 ? { metadata: graph.metadata } : {}),
  };
}

/** Reads a graph from JSON of unknown origin; throws one error with everything that is wrong. */
export function graphFromJson(
  source: unknown,
  weights: ReadonlyMap<string, Tensor>,
  registry: Registry,
): Graph {
  checkVersion(source);
  checkDepth(source);
  const parsed = v.safeParse(graphSchema, source);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: v.getDotPath(issue) ?? 'graph',
      message: 'the graph is not of the form the IR writes',
      expected: issue.expected ?? issue.message,
      got: issue.received,
    });
  }
  const { name: title, nodes: untyped, outputs, metadata } = parsed.output;
  const { nodes, problems } = inferGraph(untyped, registry);
  throwProblems('invalid-graph', `graph "${title}"`, problems);
  return { name: title, nodes, outputs, weights, metadata };
}

function checkDepth(source: unknown): void {
  let level: unknown[] = [source];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) {
      throw new SpikeloomError({
        code: 'too-large',
        path: 'graph',
        message: 'lists and objects are nested too deep',
        expected: `at most ${maxDepth} levels`,
      });
    }
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null ? Object.values(item) : [],
    );
  }
}

function checkVersion(source: unknown): void {
  const version = v.safeParse(v.object({ irVersion: v.number() }), source);
  if (version.success && version.output.irVersion > irVersion) {
    throw new SpikeloomError({
      code: 'newer-ir-version',
      message: 'the file was written for a newer version of the IR',
      expected: `IR version ${irVersion} or older`,
      got: `${version.output.irVersion}`,
      fix: 'update @spikeloom/ir',
    });
  }
}
