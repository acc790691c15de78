import { mapNames } from './builder.ts';
import { isSpikeloomError, type Problem, SpikeloomError } from './error.ts';
import { type GraphNode, inputRefs, nodeIdOf, type Ref, refOf } from './graph.ts';
import { inferOutputs } from './infer.ts';
import type { Registry } from './registry.ts';
import { type ValueType } from './value-type.ts';

/** A node as a file holds it: what comes out of it is worked out anew. */
export type UntypedNode = Omit<GraphNode, 'outputs'>;

/** Orders nodes, works out every type, and collects everything that is wrong, in the order of the nodes. */
export function inferGraph(
  nodes: readonly UntypedNode[],
  registry: Registry,
): { nodes: GraphNode[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const known = new Set<string>();
  for (const node of nodes) {
    if (known.has(node.id)) {
      problems.push({ code: 'already-exists', path: node.id, message: 'two nodes have this id' });
    }
    known.add(node.id);
  }
  const ordered = sortNodes(nodes, problems);
  const types = new Map<Ref, ValueType>();
  const typed: GraphNode[] = [];
  /** Nodes whose outputs are known; the others are wrong or depend on one that is. */
  const done = new Set<string>();
  for (const node of ordered) {
    try {
      // A value of a node that is broken, or in a cycle, is missing for a reason that is listed already.
      const dangling = inputRefs(node).filter(
        (ref) => !types.has(ref) && (!known.has(nodeIdOf(ref)) || done.has(nodeIdOf(ref))),
      );
      for (const ref of dangling) {
        problems.push({
          code: 'unknown-value',
          path: node.id,
          message: 'an input refers to a value that does not exist',
          got: ref,
        });
      }
      const op = registry.operator(node.op);
      if (node.version > op.version) throw newerOperator(node, op.version);
      if (inputRefs(node).some((ref) => !types.has(ref))) continue;
      const given = mapNames(node.inputs, (ref) => types.get(ref)!);
      const { attributes, outputs } = inferOutputs(op, given, node.attributes);
      const complete = { ...node, version: op.version, attributes, outputs };
      for (const [output, type] of Object.entries(outputs))
        types.set(refOf(complete, output), type);
      typed.push(complete);
      done.add(node.id);
    } catch (error) {
      if (!isSpikeloomError(error)) throw error;
      for (const problem of error.problems)
        problems.push({ ...problem, path: problem.path ?? node.id });
    }
  }
  return { nodes: typed, problems };
}

/** Puts every node after the nodes it reads, keeping the given order otherwise; reports cycles. */
function sortNodes(nodes: readonly UntypedNode[], problems: Problem[]): UntypedNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const marks = new Map<string, 'open' | 'done'>();
  const sorted: UntypedNode[] = [];
  for (const start of nodes) {
    // A stack of our own: networks are deeper than JavaScript's call stack likes.
    const stack: { node: UntypedNode; refs: Ref[] }[] = [];
    const enter = (node: UntypedNode): void => {
      marks.set(node.id, 'open');
      stack.push({ node, refs: inputRefs(node) });
    };
    if (!marks.has(start.id)) enter(start);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const ref = top.refs.shift();
      if (ref === undefined) {
        marks.set(top.node.id, 'done');
        sorted.push(top.node);
        stack.pop();
        continue;
      }
      const next = byId.get(nodeIdOf(ref));
      if (next === undefined || marks.get(next.id) === 'done') continue;
      if (marks.get(next.id) === 'open') {
        const from = stack.findIndex(({ node }) => node.id === next.id);
        const loop = [...stack.slice(from).map(({ node }) => node.id), next.id];
        problems.push({
          code: 'cycle',
          path: next.id,
          message: `nodes depend on each other within one timestep: ${loop.toReversed().join(' -> ')}`,
          fix: 'let the connection pass through a state',
        });
        continue;
      }
      enter(next);
    }
  }
  return sorted;
}

function newerOperator(node: UntypedNode, version: number): SpikeloomError {
  return new SpikeloomError({
    code: 'newer-operator',
    path: node.id,
    message: `the file uses a newer ${node.op}`,
    expected: `version ${version} or older`,
    got: `version ${node.version}`,
    fix: 'update the package that defines it',
  });
}
