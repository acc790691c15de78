import {
  type AnyOperator,
  createRegistry,
  type Graph,
  mapNames,
  type Registry,
  statesOf,
  type Tensor,
  valueTypes,
} from '@spikeloom/ir';
import { cpuBackend } from '@spikeloom/backend-cpu';
import type { Backend, CompileOptions, Observation } from '@spikeloom/runtime';
import { buildExample } from './build-example.ts';
import { expectClose, toleranceFor } from './compare.ts';

/** One thing to check; `run` rejects with what is wrong. For any test runner: `test(name, run)`. */
export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * Checks that a backend answers every example of every operator as the operator's lowering on the CPU
 * does: outputs and states, at every timestep, with and without the backend's own kernels. Spikes must
 * agree exactly.
 */
export function conformanceCases(
  backend: Backend,
  operators: Iterable<AnyOperator>,
  registry: Registry,
): ConformanceCase[] {
  // Kernels of plugins for the CPU are under test too.
  const reference = createRegistry(registry.plugins.map((plugin) => ({ ...plugin, kernels: [] })));
  return [...operators].flatMap((op) =>
    op.examples.flatMap((example, index) =>
      (op.lower ? (['all', 'primitives'] as const) : (['all'] as const)).map((kernels) => ({
        name: `${backend.name}: ${op.id}, example ${index + 1}${kernels === 'primitives' ? ', by its lowering' : ''}`,
        run: () => checkExample(backend, op, example, { registry, reference, kernels }),
      })),
    ),
  );
}

async function checkExample(
  backend: Backend,
  op: AnyOperator,
  example: AnyOperator['examples'][number],
  options: CompileOptions & { readonly reference: Registry },
): Promise<void> {
  const { reference, ...compileOptions } = options;
  const { graph, inputs } = buildExample(op, example);
  const timesteps = example.timesteps ?? 1;
  const expected = await observe(cpuBackend(), graph, inputs, timesteps, {
    registry: reference,
    kernels: 'primitives',
  });
  const actual = await observe(backend, graph, inputs, timesteps, compileOptions);
  const types = valueTypes(graph);
  for (const [name, ref] of Object.entries(graph.outputs)) {
    const tolerance = toleranceFor(types.get(ref)!, example.tolerance ?? 1e-5);
    expectClose(`output ${name}`, actual.outputs[name]!, expected.outputs[name]!, tolerance);
  }
  const numbers = example.tolerance ?? 1e-5;
  expected.states.forEach(({ at, step, value }, index) => {
    const got = actual.states[index]!;
    expectClose(`state ${at} after step ${step}`, got.value, value, {
      absolute: numbers,
      relative: numbers,
    });
  });
}

async function observe(
  backend: Backend,
  graph: Graph,
  inputs: Readonly<Record<string, Tensor[]>>,
  timesteps: number,
  options: CompileOptions,
): Promise<{ outputs: Readonly<Record<string, Tensor>>; states: Observation[] }> {
  const program = await backend.compile(graph, options);
  const states: Observation[] = [];
  const taps = stateNames(graph, options.registry).map((at) => ({
    at,
    observe: (seen: Observation) => states.push(seen),
  }));
  try {
    return { outputs: await program.run(inputs, { timesteps, taps }), states };
  } finally {
    program.dispose();
  }
}

function stateNames(graph: Graph, registry: Registry): string[] {
  const types = valueTypes(graph);
  return graph.nodes.flatMap((node) => {
    const op = registry.operator(node.op);
    if (!op.lower) return [];
    const inputs = mapNames(node.inputs, (ref) => types.get(ref)!);
    return statesOf(op, inputs, node.attributes).map(({ name }) => `${node.id}.${name}`);
  });
}
