import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  type AnyOperator,
  createRegistry,
  lowerToPrimitives,
  type Registry,
  type Tensor,
} from '@spikeloom/ir';
import type { Backend, CompileOptions } from '@spikeloom/runtime';
import { expectClose } from './compare.ts';
import type { ConformanceCase } from './conformance.ts';
import { type GradientProblem, gradientProblem, gradientsOf } from './gradient-problem.ts';
import { slopesOf } from './slopes-of.ts';

/** Slopes from differences of float32 numbers are off by up to 2e-4, in operators with long sums. */
const slopeTolerance = 1e-3;
/** Two ways back through the same function differ by rounding only. */
const loweringTolerance = 1e-5;
/** Elements of an input that are compared with slopes. */
const elementLimit = 50;
/** The share of them that may lie at kinks, where slopes say nothing. */
const kinkShare = 0.1;

/** Primitives whose derivative is a definition and not a slope. */
const defined = ['floor', 'quantize-levels', 'spike', 'stop-gradient'].map(
  (name) => `spikeloom/${name}`,
);

/**
 * Checks the gradients a backend computes for every example of every operator that takes and gives float32
 * values, over all its timesteps: against slopes of the operator on the CPU; or, where a spike or a rounding
 * in it has a derivative by definition only, against back-propagation through its lowering to primitives.
 * Primitives of the latter kind have no case: there is nothing to check them against.
 */
export function gradientCases(
  backend: Backend,
  operators: Iterable<AnyOperator>,
  registry: Registry,
): ConformanceCase[] {
  // Kernels of plugins for the CPU are under test too.
  const reference: CompileOptions = {
    registry: createRegistry(registry.plugins.map((plugin) => ({ ...plugin, kernels: [] }))),
    kernels: 'primitives',
  };
  return [...operators].flatMap((op) =>
    op.examples.flatMap((example, index) => {
      const problem = gradientProblem(op, example);
      const hasSlopes = !defined.some((primitive) => problem.primitives.has(primitive));
      const isOpen = problem.inputs.length > 0 && problem.outputs.length > 0;
      if (!isOpen || !(hasSlopes || op.lower)) return [];
      const check = hasSlopes ? compareWithSlopes : compareWithLowering;
      return {
        name: `${backend.name}: gradient of ${op.id}, example ${index + 1}`,
        run: async () => {
          const flat = keepsState(problem) ? loweringOf(problem, registry) : problem.graph;
          const actual = await gradientsOf(problem, flat, backend, { registry });
          await check(problem, actual, reference);
        },
      };
    }),
  );
}

/** Gradients flow through what has no states, so time must be written out inside the operator. */
function keepsState({ primitives }: GradientProblem): boolean {
  return primitives.has('spikeloom/state') || primitives.has('spikeloom/step');
}

function loweringOf({ graph }: GradientProblem, registry: Registry): GradientProblem['graph'] {
  return lowerToPrimitives(graph, registry).graph;
}

async function compareWithLowering(
  problem: GradientProblem,
  actual: ReadonlyMap<string, Tensor>,
  reference: CompileOptions,
): Promise<void> {
  const lowered = loweringOf(problem, reference.registry);
  const expected = await gradientsOf(problem, lowered, cpuBackend(), reference);
  for (const name of problem.inputs) {
    expectClose(`gradient of ${name}`, actual.get(name)!, expected.get(name)!, {
      absolute: loweringTolerance,
      relative: loweringTolerance,
    });
  }
}

async function compareWithSlopes(
  problem: GradientProblem,
  actual: ReadonlyMap<string, Tensor>,
  reference: CompileOptions,
): Promise<void> {
  const options = { limit: elementLimit, agreement: slopeTolerance };
  const slopes = await slopesOf(problem, reference, options);
  for (const [name, found] of slopes) {
    const gradient = actual.get(name)!;
    const expected = { ...gradient, data: gradient.data.slice() };
    for (const [index, slope] of found) expected.data[index] = slope ?? gradient.data[index]!;
    const tolerance = { absolute: slopeTolerance, relative: slopeTolerance };
    expectClose(`gradient of ${name}`, gradient, expected, tolerance);
  }
  const all = [...slopes.values()].flatMap((found) => [...found.values()]);
  const kinks = all.filter((slope) => slope === undefined).length;
  if (kinks <= all.length * kinkShare) return;
  throw new Error(
    `${kinks} of ${all.length} elements lie at kinks or jumps, where there is no slope to compare with: choose an example with fewer`,
  );
}
