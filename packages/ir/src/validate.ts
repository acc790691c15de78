import { type Problem, throwProblems } from './error.ts';
import { type Graph, type GraphNode, inputRefs, nodeIdOf, type Ref, valueTypes } from './graph.ts';
import { inferGraph } from './infer-graph.ts';
import type { Registry } from './registry.ts';
import { sizeOf } from './tensor.ts';
import { formatShape, sameShape } from './value-type.ts';

/** Everything that is wrong with a graph, with node paths; an empty list for a graph that can run. */
export function validate(graph: Graph, registry: Registry): Problem[] {
  const { nodes, problems } = inferGraph(graph.nodes, registry);
  problems.push(...checkStates(graph.nodes));
  const types = valueTypes({ nodes });
  const sound = new Set(nodes.map(({ id }) => id));
  const broken = new Set(graph.nodes.map(({ id }) => id).filter((id) => !sound.has(id)));
  for (const [name, ref] of Object.entries(graph.outputs)) {
    // A value of a broken node is missing for a reason that is listed already.
    if (types.has(ref) || broken.has(nodeIdOf(ref))) continue;
    problems.push({
      code: 'unknown-value',
      path: ref,
      message: `output "${name}" refers to a value that does not exist`,
    });
  }
  if (Object.keys(graph.outputs).length === 0) {
    problems.push({ code: 'invalid-graph', path: graph.name, message: 'the graph has no outputs' });
  }
  problems.push(...checkWeights(nodes, graph));
  if (problems.length === 0) problems.push(...checkOrder(graph.nodes));
  return problems;
}

/** Throws one error with every problem of the graph. */
export function assertValid(graph: Graph, registry: Registry): void {
  throwProblems('invalid-graph', `graph "${graph.name}"`, validate(graph, registry));
}

/** Every node stands after the nodes it reads; whether that is possible has been checked before. */
function checkOrder(nodes: readonly GraphNode[]): Problem[] {
  const before = new Set<string>();
  return nodes.flatMap((node): Problem[] => {
    before.add(node.id);
    const later = inputRefs(node).find((ref) => !before.has(nodeIdOf(ref)));
    if (later === undefined) return [];
    return [
      {
        code: 'invalid-graph',
        path: node.id,
        message: 'the node stands before a node that it reads',
        got: later,
        fix: 'put the nodes in an order in which they can run, as graphFromJson does',
      },
    ];
  });
}

function checkStates(nodes: readonly GraphNode[]): Problem[] {
  const problems: Problem[] = [];
  const ids = new Set(nodes.map(({ id }) => id));
  const states = new Set(
    nodes.filter((node) => node.op === 'spikeloom/state').map((node) => node.id),
  );
  const writes = new Map<Ref, string[]>();
  for (const node of nodes) {
    if (node.op !== 'spikeloom/write') continue;
    const target = String(node.inputs['state']);
    if (ids.has(target) && !states.has(target)) {
      problems.push({
        code: 'type-mismatch',
        path: node.id,
        message: 'only a state can be written',
        got: target,
      });
    }
    writes.set(target, [...(writes.get(target) ?? []), node.id]);
  }
  for (const id of states) {
    const by = writes.get(id) ?? [];
    if (by.length === 0) {
      problems.push({
        code: 'state-not-written',
        path: id,
        message: 'the state is never written',
        fix: 'write it once, or make it a constant',
      });
    } else if (by.length > 1) {
      problems.push({
        code: 'state-written-twice',
        path: id,
        message: `the state has ${by.length} writes: ${by.join(', ')}`,
        expected: 'one write',
      });
    }
  }
  return problems;
}

function checkWeights(nodes: readonly GraphNode[], graph: Graph): Problem[] {
  const problems: Problem[] = [];
  for (const node of nodes) {
    if (node.op !== 'spikeloom/param' && node.op !== 'spikeloom/buffer') continue;
    const type = node.outputs['out']!;
    const weight = graph.weights.get(node.id);
    if (weight === undefined) {
      problems.push({
        code: 'missing-weight',
        path: node.id,
        message: 'the parameter has no tensor',
        expected: `${type.dtype} ${formatShape(type.shape)}`,
      });
    } else if (!sameShape(type.shape, weight.shape) || type.dtype !== weight.dtype) {
      problems.push({
        code: 'shape-mismatch',
        path: node.id,
        message: 'the tensor of the parameter has another shape or dtype',
        expected: `${type.dtype} ${formatShape(type.shape)}`,
        got: `${weight.dtype} ${formatShape(weight.shape)}`,
      });
    } else if (sizeOf(weight.shape) !== weight.data.length) {
      problems.push({
        code: 'shape-mismatch',
        path: node.id,
        message: 'the data of the tensor do not fill its shape',
        expected: `${sizeOf(weight.shape)} numbers`,
        got: `${weight.data.length}`,
      });
    } else if (weight.dtype === 'float32' && hasNaN(weight.data)) {
      problems.push({ code: 'not-a-number', path: node.id, message: 'the parameter contains NaN' });
    }
  }
  return problems;
}

/** Whether any element is NaN; a sum would overflow to infinity first, so every element is looked at. */
export function hasNaN(data: ArrayLike<number>): boolean {
  for (let index = 0; index < data.length; index++) {
    if (data[index] !== data[index]) return true;
  }
  return false;
}
