import { createRandom } from '@spikeloom/ir';
import { describe, test } from 'vitest';
import {
  type Arena,
  createArena,
  expectSame,
  kernels,
  type Prepared,
  runInParts,
} from './kernels.ts';
import { blocksOf, createSpikes, currentAt, setSpike } from './layouts.ts';
import { advance, type Neuron, neuronVariants, neuronWords } from './neurons.ts';

interface Case {
  readonly T: number;
  readonly N: number;
  readonly P: number;
  readonly C: number;
  readonly B: number;
  readonly steps: number;
  readonly keeps: boolean;
  readonly neuron: Neuron;
  readonly seed: number;
}

const random = createRandom(621);
/** Neurons that the kernels know by themselves, often enough that a different rounding shows. */
const usual = neuronVariants
  .filter(({ leak, flags, rest }) => rest === 0 && ((leak === 0 && flags === 16) || flags === 2))
  .flatMap((neuron) => [2, 4, 8].map((tau): Neuron => ({ ...neuron, tau })));

const cases = [...usual, ...neuronVariants].map((neuron, seed): Case => {
  const T = 1 + random.below(6);
  return {
    ...{ T, N: 1 + random.below(2), P: 1 + random.below(12), C: 1 + random.below(70) },
    ...{ B: [16, 32][seed % 2]!, steps: random.below(3) === 0 ? 1 : T },
    ...{ keeps: seed < usual.length || random.below(2) === 1, neuron, seed },
  };
});

function dataOf({ N, P, C, B, steps, seed }: Case): Record<'currents' | 'v', Float32Array> {
  const values = createRandom(seed);
  const size = N * blocksOf(C, B) * P * B;
  const fill = (length: number): Float32Array =>
    new Float32Array(length).map(() => values.normal());
  return { currents: fill(size * steps), v: fill(size) };
}

function prepare(arena: Arena, it: Case): Prepared {
  const { T, N, P, C, B, steps } = it;
  const data = dataOf(it);
  const bytes = (T * N * P * blocksOf(C, B) * B) / 8;
  const [spikes, v] = [arena.reserve(bytes), arena.place(data.v)];
  const descriptor = arena.describe([
    ...[arena.place(data.currents), steps, T, N, P, C, B],
    ...neuronWords(it.neuron, spikes, it.keeps ? v : 0),
  ]);
  return {
    ...{ kernel: 'fireCurrents', descriptor, units: N * blocksOf(C, B) * P },
    results: () => ({
      spikes: arena.read(Uint8Array, spikes, bytes),
      v: arena.read(Float32Array, v, data.v.length),
    }),
  };
}

function expectedOf(it: Case): ReturnType<Prepared['results']> {
  const { T, N, P, C, B, steps, neuron } = it;
  const { currents, v } = dataOf(it);
  const spikes = createSpikes(T, N, P, (blocksOf(C, B) * B) / 8);
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < P; p++) {
        const place = currentAt({ C, P, T: 1, B }, { n, c, p, t: 0 });
        let potential = it.keeps ? v[place]! : neuron.initial;
        for (let t = 0; t < T; t++) {
          const at = currentAt({ C, P, T: steps, B }, { n, c, p, t: steps === 1 ? 0 : t });
          const next = advance(neuron, potential, currents[at]!);
          potential = next.v;
          if (next.fires) setSpike(spikes, t, n, p, c);
        }
        if (it.keeps) v[place] = potential;
      }
  return { spikes: spikes.bits, v };
}

describe('neurons on currents', () => {
  test.each(cases)('$T x $N x $P x $C in blocks of $B, $neuron', (it) => {
    const blocks = blocksOf(it.C, it.B);
    // Lanes that are no channels may keep any potential.
    expectSame(
      runInParts((arena) => prepare(arena, it), it.seed),
      expectedOf(it),
      { v: (at) => (Math.floor(at / (it.B * it.P)) % blocks) * it.B + (at % it.B) < it.C },
    );
  });

  test.each(neuronVariants.slice(0, 16))('step by step as over all timesteps, %o', (neuron) => {
    const it = { T: 5, N: 1, P: 7, C: 19, B: 16, steps: 5, keeps: true, neuron, seed: 5 };
    const whole = runInParts((arena) => prepare(arena, it), it.seed);
    const data = dataOf(it);
    const arena = createArena();
    const v = arena.place(data.v);
    const rows = Array.from({ length: it.T }, (_, t) => {
      // Currents `[lines, timesteps, lanes]`: those of one timestep.
      const currents = data.currents.filter((__, i) => Math.floor(i / it.B) % it.T === t);
      const spikes = arena.reserve(it.P * 4);
      const descriptor = arena.describe([
        ...[arena.place(currents), 1, 1, 1, it.P, it.C, it.B],
        ...neuronWords(neuron, spikes, v),
      ]);
      kernels['fireCurrents']!(descriptor, 0, 2 * it.P);
      return [...arena.read(Uint8Array, spikes, it.P * 4)];
    });
    const actual = {
      spikes: Uint8Array.from(rows.flat()),
      v: arena.read(Float32Array, v, data.v.length),
    };
    expectSame(actual, whole);
  });
});
