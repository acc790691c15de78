import { createRandom } from '@spikeloom/ir';
import { describe, test } from 'vitest';
import { type Arena, expectSame, type Prepared, runInParts } from './kernels.ts';
import {
  blocksOf,
  hasSpike,
  lanesOf,
  listEvents,
  type Mode,
  randomSpikes,
  type Spikes,
} from './layouts.ts';
import { advance, type Neuron, neuronVariants, neuronWords } from './neurons.ts';

const { fround } = Math;

interface Case {
  readonly mode: Mode;
  readonly T: number;
  readonly N: number;
  readonly heads: number;
  readonly P: number;
  readonly K: number;
  readonly outputs: number;
  readonly firstSample: number;
  readonly keeps: boolean;
  readonly rate: number;
  readonly neuron: Neuron;
  readonly seed: number;
}

function casesOf(mode: Mode): Case[] {
  const random = createRandom(mode === 'f32' ? 631 : 632);
  return neuronVariants.map((neuron, seed) => {
    const N = 1 + random.below(3);
    // Some of so many timesteps that only one block of outputs is summed at a time.
    const T = seed % 16 === 5 ? 40 : 1 + random.below(4);
    return {
      ...{ mode, T, N, heads: 1 + random.below(3), P: 1 + random.below(T === 40 ? 4 : 20) },
      ...{ K: 1 + random.below(60), outputs: 1 + random.below(100), firstSample: random.below(N) },
      ...{ keeps: random.below(2) === 1, rate: [0.1, 0.3, 0.9][seed % 3]!, neuron, seed },
    };
  });
}

interface Data {
  readonly queries: Spikes;
  /** Weights of a block `[rows, lanes]`, and what one unit of each is worth, after one another. */
  readonly panels: readonly Panel[];
  readonly scale: Float32Array;
  readonly v: Float32Array;
}

interface Panel {
  readonly weights: Float32Array | Int16Array;
  readonly units: Float32Array;
}

function dataOf(it: Case): Data {
  const { mode, T, N, heads, P, K, outputs, firstSample, rate, seed } = it;
  const values = createRandom(seed);
  const B = lanesOf[mode];
  const NBo = blocksOf(outputs, B);
  // A head of one position is a group of channels in a line of one column; heads begin at bytes.
  const Cg = Math.ceil(K / 8) * 8;
  const queries = onlyRows(randomSpikes(values, { T, N, P, C: heads * Cg }, rate), it);
  const panels = Array.from({ length: (N - firstSample) * T * heads * NBo }, (_, index): Panel => {
    const exists = (lane: number): boolean => (index % NBo) * B + lane < outputs;
    const weights = new (mode === 'f32' ? Float32Array : Int16Array)(K * B);
    const limit = Math.floor(32767 / K);
    weights.forEach((__, at) => {
      const value = mode === 'f32' ? values.normal() : values.below(2 * limit + 1) - limit;
      weights[at] = exists(at % B) ? value : 0;
    });
    const units = new Float32Array(B).map(() => (1 + values.uniform()) / 32767);
    return { weights, units };
  });
  return {
    ...{ queries, panels, scale: new Float32Array(heads).map(() => 0.1 + values.uniform()) },
    v: new Float32Array(N * heads * NBo * P * B).map(() => values.normal()),
  };
}

/** Only channels below K are rows of a panel. */
function onlyRows(queries: Spikes, { heads, K }: Case): Spikes {
  const Cg = Math.ceil(K / 8) * 8;
  const bits = queries.bits.map((byte, index) => {
    const c = (index % queries.bytes) * 8;
    const rows = c < heads * Cg ? K - (c % Cg) : 0;
    return rows >= 8 ? byte : byte & ((1 << Math.max(0, rows)) - 1);
  });
  return { ...queries, bits };
}

/** As the kernels read them: in int16 followed by rows of scales and of shifts. */
function placePanels(arena: Arena, mode: Mode, panels: readonly Panel[]): number {
  const addresses = panels.flatMap(({ weights, units }) =>
    mode === 'f32'
      ? [arena.place(weights)]
      : [arena.place(weights), arena.place(units), arena.place(new Float32Array(units.length))],
  );
  return addresses[0]!;
}

/** Bits of (t, n, h, p): pixels within heads within samples, with a byte to spare each. */
const strides = (it: Case): Record<'pixel' | 'head' | 'sample', number> => {
  const pixel = (blocksOf(it.outputs, lanesOf[it.mode]) * lanesOf[it.mode]) / 8 + 1;
  return { pixel, head: it.P * pixel + 1, sample: it.heads * (it.P * pixel + 1) + 1 };
};

function prepare(arena: Arena, it: Case): Prepared {
  const { mode, T, N, heads, P, K, outputs, firstSample } = it;
  const data = dataOf(it);
  const Cg = Math.ceil(K / 8) * 8;
  const lines = { T, N, G: heads, H: P, W: 1, Cg, firstSample, capacity: Cg + 8 };
  const { events, starts } = listEvents(data.queries, lines);
  const { pixel, head, sample } = strides(it);
  const [spikes, v] = [arena.place(new Uint8Array(T * N * sample)), arena.place(data.v)];
  const descriptor = arena.describe([
    ...[arena.place(events), arena.place(starts), placePanels(arena, mode, data.panels)],
    ...[arena.place(data.scale), T, N, heads, P, K, outputs, firstSample, 0, lines.capacity],
    ...[sample, head, pixel, arena.reserve(4096 + 64 * T)],
    ...neuronWords(it.neuron, spikes, it.keeps ? v : 0),
  ]);
  return {
    kernel: mode === 'f32' ? 'attendEvents' : 'attendEvents_i16',
    ...{ descriptor, units: (N - firstSample) * P },
    results: () => ({
      spikes: arena.read(Uint8Array, spikes, T * N * sample),
      v: arena.read(Float32Array, v, data.v.length),
    }),
  };
}

function expectedOf(it: Case): ReturnType<Prepared['results']> {
  const { mode, T, N, heads, P, K, outputs, firstSample, neuron } = it;
  const { queries, panels, scale, v } = dataOf(it);
  const B = lanesOf[mode];
  const NBo = blocksOf(outputs, B);
  const Cg = Math.ceil(K / 8) * 8;
  const { pixel, head, sample } = strides(it);
  const spikes = new Uint8Array(T * N * sample);
  for (let n = firstSample; n < N; n++)
    for (let h = 0; h < heads; h++)
      for (let p = 0; p < P; p++)
        for (let o = 0; o < outputs; o++) {
          const [block, lane] = [Math.floor(o / B), o % B];
          const place = (((n * heads + h) * NBo + block) * P + p) * B + lane;
          let potential = it.keeps ? v[place]! : neuron.initial;
          for (let t = 0; t < T; t++) {
            const { weights, units } =
              panels[(((n - firstSample) * T + t) * heads + h) * NBo + block]!;
            let sum = 0;
            for (let k = 0; k < K; k++) {
              if (!hasSpike(queries, t, n, p, h * Cg + k)) continue;
              sum = fround(sum + weights[k * B + lane]!);
            }
            const current = fround(sum * (mode === 'f32' ? scale[h]! : units[lane]!));
            const next = advance(neuron, potential, current);
            potential = next.v;
            const byte = (t * N + n) * sample + h * head + p * pixel + (o >> 3);
            if (next.fires) spikes[byte]! |= 1 << (o & 7);
          }
          if (it.keeps) v[place] = potential;
        }
  return { spikes, v };
}

describe.each(['f32', 'i16'] as const)('with %s panels', (mode) => {
  test.each(casesOf(mode))(
    '$T x $N x $heads x $P queries of $K by $outputs outputs, rate $rate, $neuron',
    (it) => {
      const B = lanesOf[mode];
      const NBo = blocksOf(it.outputs, B);
      const actual = runInParts((arena) => prepare(arena, it), it.seed);
      // Outputs that are none may keep any potential.
      expectSame(actual, expectedOf(it), {
        v: (at) => (Math.floor(at / (B * it.P)) % NBo) * B + (at % B) < it.outputs,
      });
    },
  );
});
