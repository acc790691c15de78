import { type Problem, throwProblems } from './error.ts';
import { type Graph, type GraphNode, type Ref, valueTypes } from './graph.ts';
import { inferGraph } from './infer-graph.ts';
import type { Registry } from './registry.ts';
import { formatShape, sameShape } from './value-type.ts';

/** Everything that is wrong with a graph, with node paths; an empty list for a graph that can run. */
export function validate(graph: Graph, registry: Registry): Problem[] {
  const { nodes, problems } = inferGraph(graph.nodes, registry);
  problems.push(...checkStates(nodes));
  const types = valueTypes({ nodes });
  if (problems.length === 0) {
    for (const [name, ref] of Object.entries(graph.outputs)) {
      if (types.has(ref)) continue;
      problems.push({
        code: 'unknown-value',
        path: ref,
        message: `output "${name}" refers to a value that does not exist`,
      });
    }
  }
  if (Object.keys(graph.outputs).length === 0) {
    problems.push({ code: 'invalid-graph', path: graph.name, message: 'the graph has no outputs' });
  }
  problems.push(...checkWeights(nodes, graph));
  return problems;
}

/** Throws one error with every problem of the graph. */
export function assertValid(graph: Graph, registry: Registry): void {
  throwProblems('invalid-graph', `graph "${graph.name}"`, validate(graph, registry));
}

function checkStates(nodes: readonly GraphNode[]): Problem[] {
  const problems: Problem[] = [];
  const states = new Set(
    nodes.filter((node) => node.op === 'spikeloom/state').map((node) => node.id),
  );
  const writes = new Map<Ref, string[]>();
  for (const node of nodes) {
    if (node.op !== 'spikeloom/write') continue;
    const target = String(node.inputs['state']);
    if (!states.has(target)) {
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
