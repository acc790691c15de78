import {
  formatShape,
  type Graph,
  type Problem,
  sizeOf,
  type Tensor,
  throwProblems,
  type ValueType,
} from '@spikeloom/ir';
import { type CheckpointLayout, outputsFirst, tensorName } from './checkpoint-layout.ts';
import { storedNames, type TensorNames } from './tensor-names.ts';

export interface LoadOptions {
  /** What tensors are called in the checkpoint where it is not as in the graph; of several the first that says. */
  readonly names?: TensorNames | readonly TensorNames[];
  /** Names in the checkpoint that are not part of the network; `*` stands for anything. */
  readonly ignore?: readonly string[];
  /** Parameters that may be stored under another shape with as many elements. */
  readonly reshape?: readonly string[];
  /** Default `pytorch`. */
  readonly layout?: CheckpointLayout;
  /** Weights that are stored with the outputs last; `*` stands for anything. All of them are with `keras`. */
  readonly transpose?: readonly string[];
}

/**
 * Puts the tensors of a checkpoint into a graph. Throws one `checkpoint-mismatch` with every tensor that
 * is missing, left over or of the wrong shape.
 */
export function loadWeights(
  graph: Graph,
  tensors: ReadonlyMap<string, Tensor>,
  options: LoadOptions = {},
): Graph {
  const problems: Problem[] = [];
  const unused = new Set(tensors.keys());
  const weights = new Map<string, Tensor>();
  const transposed = (options.transpose ?? []).map(toPattern);
  const parameters = parametersOf(graph);
  for (const [id, type] of parameters) {
    const stored = namesFor(id, parameters, options);
    for (const name of stored) unused.delete(name);
    const missing = stored.filter((name) => !tensors.has(name));
    if (missing.length > 0) {
      problems.push({
        code: 'checkpoint-mismatch',
        path: id,
        message: `the checkpoint has no tensor ${missing.map((name) => `"${name}"`).join(', ')}`,
        expected: formatShape(type.shape),
      });
      continue;
    }
    const outputsLast =
      options.layout === 'keras' || transposed.some((pattern) => pattern.test(id));
    const parts = stored.map((name) => {
      const tensor = tensors.get(name)!;
      return outputsLast ? outputsFirst(tensor) : tensor;
    });
    if (!fitTogether(parts)) {
      problems.push({
        code: 'checkpoint-mismatch',
        path: id,
        message: `the tensors ${stored.map((name) => `"${name}"`).join(', ')} cannot be joined`,
        expected: 'the same dtype, and the same sizes but for the first',
        got: parts.map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`).join(', '),
      });
      continue;
    }
    const tensor = joinRows(parts);
    const shape = type.shape as readonly number[];
    const fits =
      tensor.shape.join() === shape.join() ||
      (options.reshape?.includes(id) === true && sizeOf(tensor.shape) === sizeOf(shape));
    if (!fits || tensor.dtype !== type.dtype) {
      problems.push({
        code: 'checkpoint-mismatch',
        path: id,
        message: 'the tensor has another shape or dtype',
        expected: `${type.dtype} ${formatShape(shape)}`,
        got: `${tensor.dtype} ${formatShape(tensor.shape)}`,
      });
      continue;
    }
    weights.set(id, { ...tensor, shape });
  }
  const ignored = (options.ignore ?? []).map(toPattern);
  for (const name of unused) {
    if (ignored.some((pattern) => pattern.test(name))) continue;
    problems.push({
      code: 'checkpoint-mismatch',
      path: name,
      message: 'the network has no place for this tensor',
      got: formatShape(tensors.get(name)!.shape),
      fix: 'map it with "names", or list it under "ignore"',
    });
  }
  throwProblems('checkpoint-mismatch', 'the checkpoint', problems);
  return { ...graph, weights };
}

/** Everything of a graph that a checkpoint has a tensor for. */
export function parametersOf(graph: Graph): ReadonlyMap<string, ValueType> {
  return new Map(
    graph.nodes
      .filter(({ op }) => op === 'spikeloom/param' || op === 'spikeloom/buffer')
      .map(({ id, outputs }) => [id, outputs['out']!]),
  );
}

function namesFor(
  id: string,
  parameters: ReadonlyMap<string, ValueType>,
  { names = {}, layout = 'pytorch' }: LoadOptions,
): readonly string[] {
  const layer = id.slice(0, Math.max(0, id.lastIndexOf('.')));
  const isNorm = parameters.get(`${layer}.weight`)?.shape.length === 1;
  const join = (module: string, rest: string): string => tensorName(layout, module, rest, isNorm);
  const own = layer === '' ? id : join(layer, id.slice(layer.length + 1));
  for (const table of [names].flat()) {
    const stored = storedNames(id, table, join);
    if (stored) return stored;
  }
  return [own];
}

function fitTogether(parts: readonly Tensor[]): boolean {
  const [first] = parts;
  const rest = ({ shape, dtype }: Tensor): string => `${dtype} ${shape.slice(1).join()}`;
  return (
    parts.length === 1 ||
    parts.every((part) => part.shape.length > 0 && rest(part) === rest(first!))
  );
}

function joinRows(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (parts.length === 1 || !first) return first!;
  const data = new Float32Array(parts.reduce((total, { data: part }) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  const rows = parts.reduce((total, { shape }) => total + (shape[0] ?? 1), 0);
  return { shape: [rows, ...first.shape.slice(1)], dtype: first.dtype, data };
}

function toPattern(glob: string): RegExp {
  const escaped = glob
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}$`);
}
