import { createRandom } from '@spikeloom/ir';
import { test } from 'vitest';
import { type Arena, expectSame, type Prepared, runInParts } from './kernels.ts';
import { blocksOf, hasSpike, listEvents, randomSpikes, type Spikes } from './layouts.ts';
import { advance, neuronVariants, neuronWords } from './neurons.ts';

const { fround } = Math;
const random = createRandom(631);

const cases = neuronVariants.map((neuron, seed) => {
  const N = 1 + random.below(3);
  return {
    ...{
      T: seed % 16 === 5 ? 40 : 1 + random.below(4),
      N,
      heads: 1 + random.below(3),
      P: 1 + random.below(30),
    },
    ...{ K: 1 + random.below(60), outputs: 1 + random.below(60), firstSample: random.below(N) },
    ...{ keeps: random.below(2) === 1, rate: [0.1, 0.3, 0.9][seed % 3]!, neuron, seed },
  };
});
type Case = (typeof cases)[number];

interface Data {
  readonly queries: Spikes;
  readonly panels: Float32Array;
  readonly scale: Float32Array;
  readonly v: Float32Array;
}

function dataOf({ T, N, heads, P, K, outputs, firstSample, rate, seed }: Case): Data {
  const values = createRandom(seed);
  const NBo = blocksOf(outputs, 16);
  const panels = new Float32Array((N - firstSample) * T * heads * NBo * K * 16);
  panels.forEach((_, index) => {
    const block = Math.floor(index / (16 * K)) % NBo;
    if (block * 16 + (index % 16) < outputs) panels[index] = values.normal();
  });
  return {
    // A head of one position is a group of channels in a line of one column; heads begin at bytes.
    queries: randomSpikes(values, { T, N, P, C: heads * Math.ceil(K / 8) * 8 }, rate),
    panels,
    scale: new Float32Array(heads).map(() => 0.1 + values.uniform()),
    v: new Float32Array(N * heads * NBo * P * 16).map(() => values.normal()),
  };
}

/** Bits of (t, n, h, p): pixels within heads within samples, with a byte to spare each. */
const strides = ({ heads, P, outputs }: Case): Record<'pixel' | 'head' | 'sample', number> => {
  const pixel = 2 * blocksOf(outputs, 16) + 1;
  return { pixel, head: P * pixel + 1, sample: heads * (P * pixel + 1) + 1 };
};

function prepare(arena: Arena, it: Case): Prepared {
  const { T, N, heads, P, K, outputs, firstSample } = it;
  const data = dataOf(it);
  const Cg = Math.ceil(K / 8) * 8;
  const lines = { T, N, G: heads, H: P, W: 1, Cg, firstSample, capacity: Cg + 8 };
  const { events, starts } = listEvents(onlyRows(data.queries, it), lines);
  const { pixel, head, sample } = strides(it);
  const [spikes, v] = [arena.place(new Uint8Array(T * N * sample)), arena.place(data.v)];
  const descriptor = arena.describe([
    ...[events, starts, data.panels, data.scale].map((part) => arena.place(part)),
    ...[T, N, heads, P, K, outputs, firstSample, N - firstSample, lines.capacity],
    ...[sample, head, pixel, arena.reserve(4096 + 64 * T)],
    ...neuronWords(it.neuron, spikes, it.keeps ? v : 0),
  ]);
  return {
    ...{ kernel: 'attendEvents', descriptor, units: (N - firstSample) * P },
    results: () => ({
      spikes: arena.read(Uint8Array, spikes, T * N * sample),
      v: arena.read(Float32Array, v, data.v.length),
    }),
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

function expectedOf(it: Case): ReturnType<Prepared['results']> {
  const { T, N, heads, P, K, outputs, firstSample, neuron } = it;
  const { queries, panels, scale, v } = dataOf(it);
  const NBo = blocksOf(outputs, 16);
  const Cg = Math.ceil(K / 8) * 8;
  const { pixel, head, sample } = strides(it);
  const spikes = new Uint8Array(T * N * sample);
  for (let n = firstSample; n < N; n++)
    for (let h = 0; h < heads; h++)
      for (let p = 0; p < P; p++)
        for (let o = 0; o < outputs; o++) {
          const block = o >> 4;
          const place = (((n * heads + h) * NBo + block) * P + p) * 16 + (o & 15);
          let potential = it.keeps ? v[place]! : neuron.initial;
          for (let t = 0; t < T; t++) {
            const first = ((((n - firstSample) * T + t) * heads + h) * NBo + block) * K;
            let sum = 0;
            for (let k = 0; k < K; k++) {
              if (!hasSpike(queries, t, n, p, h * Cg + k)) continue;
              sum = fround(sum + panels[(first + k) * 16 + (o & 15)]!);
            }
            const next = advance(neuron, potential, fround(sum * scale[h]!));
            potential = next.v;
            const byte = (t * N + n) * sample + h * head + p * pixel + (o >> 3);
            if (next.fires) spikes[byte]! |= 1 << (o & 7);
          }
          if (it.keeps) v[place] = potential;
        }
  return { spikes, v };
}

test.each(cases)(
  '$T x $N x $heads x $P queries of $K by $outputs outputs, rate $rate, $neuron',
  (it) => {
    const actual = runInParts((arena) => prepare(arena, it), it.seed);
    const NBo = blocksOf(it.outputs, 16);
    // Outputs that are none may keep any potential.
    expectSame(actual, expectedOf(it), {
      v: (at) => (Math.floor(at / (16 * it.P)) % NBo) * 16 + (at % 16) < it.outputs,
    });
  },
);
