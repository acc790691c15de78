import type { Random } from '@spikeloom/ir';
import type { Word } from './kernels.ts';

const { fround } = Math;

/** Neurons by the words of their descriptor: leak and flags as in assembly/membrane.ts. */
export interface Neuron {
  readonly leak: number;
  readonly flags: number;
  readonly tau: number;
  readonly decay: number;
  readonly threshold: number;
  readonly rest: number;
  readonly initial: number;
}

/** Ten words of a descriptor. */
export const neuronWords = (neuron: Neuron | undefined, spikes: number, v: number): Word[] =>
  neuron
    ? [
        1,
        spikes,
        v,
        neuron.leak,
        neuron.flags,
        ...[neuron.tau, neuron.decay, neuron.threshold, neuron.rest, neuron.initial].map(
          (float) => ({ float }),
        ),
      ]
    : Array.from({ length: 10 }, () => 0);

/** One timestep in float32, in the order of the lowerings. */
export function advance(
  neuron: Neuron,
  v: number,
  x: number,
): { readonly fires: boolean; readonly v: number } {
  const { leak, flags, tau, decay, threshold, rest } = neuron;
  const excess = fround(v - rest);
  let h = fround(v + x);
  if (leak === 0) h = fround(v + fround(fround(x - excess) / tau));
  if (leak === 1) h = fround(fround(v - fround(excess / tau)) + x);
  const distance = fround(h - threshold);
  const fires = flags & 4 ? distance > 0 : distance >= 0;
  const fired = Number(fires);
  let kept = fround(h - fround(fired * threshold));
  if (!(flags & 2)) {
    kept = fround((1 - fired) * h);
    if (rest !== 0) kept = fround(kept + fround(fired * rest));
  }
  if (leak === 2) {
    kept = rest === 0 ? fround(kept * decay) : fround(fround(fround(kept - rest) * decay) + rest);
  }
  return { fires, v: kept };
}

/** Every way to leak, to reset and to compare, with resting potentials and reciprocals. */
export const neuronVariants: readonly Neuron[] = [0, 1, 2, 3].flatMap((leak) =>
  [0, 2, 4, 6].flatMap((flags) =>
    [
      { tau: 2, rest: 0, reciprocal: 16 },
      { tau: 4, rest: fround(-0.3), reciprocal: 16 },
      { tau: 3, rest: 0, reciprocal: 0 },
      { tau: fround(1.7), rest: fround(0.1), reciprocal: 0 },
    ].map(({ tau, rest, reciprocal }) => ({
      leak,
      flags: flags | reciprocal,
      tau,
      decay: fround(1 - 1 / tau),
      threshold: leak === 3 ? 1 : fround(0.4),
      rest,
      initial: rest,
    })),
  ),
);

export const randomNeuron = (random: Random): Neuron =>
  neuronVariants[random.below(neuronVariants.length)]!;
