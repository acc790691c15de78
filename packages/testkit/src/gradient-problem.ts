import {
  type AnyOperator,
  createBuilder,
  createRandom,
  type Graph,
  lowerAlone,
  mapNames,
  sizeOf,
  type Tensor,
  tensor,
  valueTypes,
} from '@spikeloom/ir';
import type { Backend, CompileOptions } from '@spikeloom/runtime';
import { differentiate, unroll } from '@spikeloom/training';
import { buildExample } from './build-example.ts';

/** One example, and a number to differentiate: the sum of all its outputs times fixed random weights. */
export interface GradientProblem {
  /** One timestep, with the node `op`. */
  readonly graph: Graph;
  readonly timesteps: number;
  /** By input: a tensor for every timestep, or one where it has no axes. */
  readonly given: Readonly<Record<string, readonly Tensor[]>>;
  /** The inputs and outputs that gradients pass through, the float32 ones. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** `[T, …]` by output. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** What the operator lowers to, or itself. */
  readonly primitives: ReadonlySet<string>;
}

export function gradientProblem(
  op: AnyOperator,
  example: AnyOperator['examples'][number],
): GradientProblem {
  const { graph, inputs } = buildExample(op, example);
  const timesteps = example.timesteps ?? 1;
  const types = valueTypes(graph);
  const node = graph.nodes.find(({ id }) => id === 'op')!;
  const lowered = lowerAlone(
    op,
    mapNames(node.inputs, (ref) => types.get(ref)!),
    node.attributes,
  );
  const outputs = Object.entries(graph.outputs).filter(
    ([, ref]) => types.get(ref)!.dtype === 'float32',
  );
  const random = createRandom(20261123);
  const weights = outputs.map(([name, ref]) => {
    const shape = [timesteps, ...(types.get(ref)!.shape as readonly number[])];
    return [name, tensor(Array.from({ length: sizeOf(shape) }, random.normal), shape)] as const;
  });
  return {
    graph,
    timesteps,
    given: Object.fromEntries(
      Object.entries(inputs).map(([name, steps]) => [
        name,
        steps[0]!.shape.length > 0 ? steps : steps.slice(0, 1),
      ]),
    ),
    inputs: Object.keys(inputs).filter((name) => types.get(name)!.dtype === 'float32'),
    outputs: outputs.map(([name]) => name),
    weights: new Map(weights),
    primitives: new Set(lowered.map((inner) => inner.op)),
  };
}

/**
 * The gradients by input, `[T * N, …]` where it is given for every timestep.
 *
 * @param graph that of the problem, or a lowering of it
 */
export async function gradientsOf(
  { timesteps, given, inputs, outputs, weights }: GradientProblem,
  graph: Graph,
  backend: Backend,
  options: CompileOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  const { registry } = options;
  const b = createBuilder({ name: 'score' });
  const { timeline, folding } = unroll(b, graph, {
    registry,
    timesteps,
    sizes: {},
    batch: 'N',
    sequences: new Set(Object.keys(given).filter((name) => given[name]![0]!.shape.length > 0)),
    forms: new Map(),
    keeps: () => true,
  });
  const scores = outputs.map((name) => {
    const { shape } = weights.get(name)!;
    const weighted = b.mul(
      folding.stack(timeline(graph.outputs[name]!)),
      b.input(weightOf(name), shape),
    );
    return b.sum(
      weighted,
      shape.map((_, axis) => axis),
    );
  });
  const score = scores.reduce((sum, one) => b.add(sum, one));
  const { builder, gradients } = differentiate(b.build(), {
    registry,
    of: score.ref,
    wrt: inputs,
  });
  for (const name of inputs) builder.output(name, gradients.get(name)!);
  const program = await backend.compile(builder.build(), options);
  try {
    const fed = {
      ...Object.fromEntries(Object.entries(given).map(([name, steps]) => [name, joined(steps)])),
      ...Object.fromEntries([...weights].map(([name, weight]) => [weightOf(name), weight])),
    };
    const found = await program.run(fed, { timesteps: 1 });
    return new Map(inputs.map((name) => [name, withoutTime(found[name]!)]));
  } finally {
    program.dispose();
  }
}

function weightOf(output: string): string {
  return `weight.${output}`;
}

function joined(steps: readonly Tensor[]): Tensor {
  const [{ shape, dtype }] = steps as readonly [Tensor];
  if (shape.length === 0) return steps[0]!;
  const data = steps.flatMap((step) => [...step.data]);
  return tensor(data, [shape[0]! * steps.length, ...shape.slice(1)], dtype);
}

function withoutTime({ shape, dtype, data }: Tensor): Tensor {
  return { shape: shape.slice(1), dtype, data };
}
