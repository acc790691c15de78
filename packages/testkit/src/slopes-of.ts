import { cpuBackend } from '@spikeloom/backend-cpu';
import { createRandom, type Tensor, type TensorData } from '@spikeloom/ir';
import type { CompileOptions } from '@spikeloom/runtime';
import type { GradientProblem } from './gradient-problem.ts';
import { slopeAt } from './slope-at.ts';

/** Slopes by the index of the element in the gradient; `undefined` at kinks. */
export type Slopes = ReadonlyMap<number, number | undefined>;

/**
 * The slopes of a problem's score over the elements of every input, by input.
 *
 * @param limit how many elements of an input to look at, drawn at random
 * @param agreement see `slopeAt`
 */
export async function slopesOf(
  { graph, timesteps, given, inputs, outputs, weights }: GradientProblem,
  options: CompileOptions,
  { limit, agreement }: { readonly limit: number; readonly agreement: number },
): Promise<ReadonlyMap<string, Slopes>> {
  const program = await cpuBackend().compile(graph, options);
  const varied = Object.fromEntries(
    Object.entries(given).map(([name, steps]) => [name, steps.map(copyOf)]),
  );
  const fed = Object.fromEntries(
    Object.entries(varied).map(([name, steps]) => [name, hasAxes(steps) ? steps : steps[0]!]),
  );
  const score = async (): Promise<number> => {
    const found = await program.run(fed, { timesteps });
    const parts = outputs.map((name) => dot(found[name]!.data, weights.get(name)!.data));
    return parts.reduce((sum, part) => sum + part);
  };
  const random = createRandom(20261124);
  const slopes = new Map<string, Slopes>();
  for (const name of inputs) {
    const found = new Map<number, number | undefined>();
    const places = varied[name]!.flatMap(({ data }) => Array.from(data, (_, at) => ({ data, at })));
    const order = random.shuffle(places.map((_, index) => index));
    for (const index of order.slice(0, limit)) {
      const { data, at } = places[index]!;
      const element = data[at]!;
      const curve = (moved: number): Promise<number> => {
        data[at] = moved;
        return score();
      };
      found.set(index, await slopeAt(curve, element, agreement));
      data[at] = element;
    }
    slopes.set(name, found);
  }
  program.dispose();
  return slopes;
}

function copyOf(tensor: Tensor): Tensor {
  return { ...tensor, data: tensor.data.slice() };
}

function hasAxes(steps: readonly Tensor[]): boolean {
  return steps[0]!.shape.length > 0;
}

/** In float64: rounding of the outputs is all that blurs the score. */
function dot(a: TensorData, b: TensorData): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
