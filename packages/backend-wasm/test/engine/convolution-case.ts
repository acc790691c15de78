import { createRandom, type Random } from '@spikeloom/ir';
import { type Arena, type Prepared } from './kernels.ts';
import {
  blocksOf,
  createSpikes,
  currentAt,
  hasSpike,
  lanesOf,
  type Lines,
  listEvents,
  type Mode,
  randomSpikes,
  setSpike,
  type Spikes,
} from './layouts.ts';
import { advance, type Neuron, neuronWords, randomNeuron } from './neurons.ts';

const { fround } = Math;

export interface Shape {
  readonly T: number;
  readonly N: number;
  readonly firstSample: number;
  readonly G: number;
  readonly Cg: number;
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
}

export interface Case extends Shape {
  readonly mode: Mode;
  readonly rate: number;
  readonly seed: number;
  /** Timesteps of the residual; 0: there is none. */
  readonly residualSteps: number;
  readonly writesCurrents: boolean;
  readonly keepsPotentials: boolean;
  readonly neuron: Neuron | undefined;
  /** Weights as large as they may be: all of one sign, of the other, or of both. */
  readonly isExtreme?: boolean;
}

/** What goes around a shape: residual, outputs, potentials and neurons at random. */
export function randomCase(shape: Shape, mode: Mode, seed: number): Case {
  const random = createRandom(seed);
  const fires = random.below(4) > 0;
  return {
    ...shape,
    mode,
    seed,
    rate: [0.02, 0.15, 0.4, 1][random.below(4)]!,
    residualSteps: [0, 1, shape.T][random.below(3)]!,
    writesCurrents: !fires || random.below(2) === 1,
    keepsPotentials: random.below(2) === 1,
    neuron: fires ? randomNeuron(random) : undefined,
  };
}

interface Data {
  readonly spikes: Spikes;
  readonly weights: Float32Array | Int16Array;
  readonly scale: Float32Array;
  readonly bias: Float32Array;
  readonly residual: Float32Array;
  readonly potentials: Float32Array;
  readonly currents: number;
}

export const outputSize = ({ H, W, kernel, stride, padding }: Shape): [number, number] => [
  Math.floor((H + 2 * padding[0] - kernel[0]) / stride[0]) + 1,
  Math.floor((W + 2 * padding[1] - kernel[1]) / stride[1]) + 1,
];

const linesOf = ({ T, N, G, H, W, Cg, firstSample }: Shape): Lines => {
  return { T, N, G, H, W, Cg, firstSample, capacity: Math.ceil((W * Cg) / 8) * 8 + 8 };
};

/** Data of a case; every call with the same case gives the same. */
function dataOf(it: Case): Data {
  const random = createRandom(it.seed);
  const B = lanesOf[it.mode];
  const NB = blocksOf(it.C, B);
  const [OH, OW] = outputSize(it);
  const rows = it.kernel[0] * it.kernel[1] * it.Cg;
  const padded = (count: number): Float32Array => {
    const data = new Float32Array(NB * B);
    for (let c = 0; c < count; c++) data[c] = random.normal() / 2;
    return data;
  };
  const channels = (b: number): number => Math.min(B, it.C - b * B);
  const weights = new (it.mode === 'f32' ? Float32Array : Int16Array)(NB * rows * B);
  // What cannot overflow: the rows' sum stays below 2 ** 15, and that of two in a byte.
  const limit = Math.min(Math.floor(32767 / rows), it.mode === 'i8' ? 63 : 32767);
  const rest = Math.min(32767 - (rows - 1) * limit, it.mode === 'i8' ? 127 - limit : 32767);
  const weightOf = (row: number, lane: number): number => {
    if (it.mode === 'f32') return random.normal();
    if (!it.isExtreme) return random.below(2 * limit + 1) - limit;
    const sign = [1, -1, 1 - 2 * (row & 1)][lane % 3]!;
    return sign * (row === 0 ? rest : limit);
  };
  for (let b = 0; b < NB; b++)
    for (let row = 0; row < rows; row++)
      for (let lane = 0; lane < channels(b); lane++) {
        weights[(b * rows + row) * B + lane] = weightOf(row, lane);
      }
  const currents = it.N * NB * OH * OW * B;
  return {
    spikes: randomSpikes(random, { T: it.T, N: it.N, P: it.H * it.W, C: it.G * it.Cg }, it.rate),
    weights,
    scale: padded(it.C).map((value) => (it.mode === 'f32' ? value : (20 * value) / 32767)),
    bias: padded(it.C),
    residual: randomCurrents(random, it, it.residualSteps),
    potentials: randomCurrents(random, it, 1),
    currents,
  };
}

/**
 * Weights of one byte as the kernel reads them: rows of two blocks of a group are one, and of sixteen outputs the first
 * eight are the low bytes of words, raised by 64.
 */
function bytesOf({ C, Cg, G, kernel }: Shape, weights: ArrayLike<number>): Uint8Array {
  const rows = kernel[0] * kernel[1] * Cg;
  const blocks = blocksOf(C, 32) / G;
  const bytes: number[] = [];
  for (let g = 0; g < G; g++)
    for (let pair = 0; pair < blocks; pair += 2)
      for (let row = 0; row < rows; row++)
        for (let block = pair; block < Math.min(blocks, pair + 2); block++)
          for (const half of [0, 16])
            for (let word = 0; word < 8; word++) {
              const first = ((g * blocks + block) * rows + row) * 32 + half + word;
              bytes.push(weights[first]! + 64, weights[first + 8]!);
            }
  return Uint8Array.from(bytes);
}

function randomCurrents(random: Random, it: Case, T: number): Float32Array {
  const B = lanesOf[it.mode];
  const [OH, OW] = outputSize(it);
  const P = OH * OW;
  const data = new Float32Array(it.N * blocksOf(it.C, B) * P * T * B);
  for (let n = 0; n < it.N; n++)
    for (let c = 0; c < it.C; c++)
      for (let p = 0; p < P; p++)
        for (let t = 0; t < T; t++) {
          data[currentAt({ C: it.C, P, T, B }, { n, c, p, t })] = random.normal() / 2;
        }
  return data;
}

/** The case on the kernels' memory. Samples before the first must stay as they are. */
export function prepare(arena: Arena, it: Case): Prepared {
  const data = dataOf(it);
  const [OH, OW] = outputSize(it);
  const { T, N, G, Cg, C, H, W, firstSample } = it;
  const bytes = blocksOf(C, lanesOf[it.mode]) * (lanesOf[it.mode] / 8);
  const out = arena.place(new Float32Array(it.writesCurrents ? data.currents * T : 0));
  const spikes = arena.place(new Uint8Array(it.neuron ? T * N * OH * OW * bytes : 0));
  const v = arena.place(data.potentials);
  const lines = linesOf(it);
  const { events, starts } = listEvents(data.spikes, lines);
  const rows = it.kernel[0] * it.kernel[1] * Cg;
  const descriptor = arena.describe([
    arena.place(events),
    arena.place(starts),
    arena.place(it.mode === 'i8' ? bytesOf(it, data.weights) : data.weights),
    arena.place(data.scale),
    arena.place(data.bias),
    it.residualSteps ? arena.place(data.residual) : 0,
    it.residualSteps,
    it.writesCurrents ? out : 0,
    ...[T, N, Cg, C, G, ...it.kernel, ...it.stride, ...it.padding, H, W, OH, OW, firstSample],
    lines.capacity,
    arena.reserve(96960 + T * (2 * rows + 256)),
    ...neuronWords(it.neuron, spikes, it.keepsPotentials ? v : 0),
  ]);
  return {
    kernel: `convolveEvents_${it.mode}`,
    descriptor,
    units: (N - firstSample) * OH,
    results: () => ({
      currents: arena.read(Float32Array, out, it.writesCurrents ? data.currents * T : 0),
      spikes: arena.read(Uint8Array, spikes, it.neuron ? T * N * OH * OW * bytes : 0),
      potentials: arena.read(Float32Array, v, data.potentials.length),
    }),
  };
}

/** The case one neuron after the other. */
export function expectedOf(it: Case): ReturnType<Prepared['results']> {
  const data = dataOf(it);
  const B = lanesOf[it.mode];
  const [OH, OW] = outputSize(it);
  const size = { C: it.C, P: OH * OW, T: it.T, B };
  const currents = new Float32Array(it.writesCurrents ? data.currents * it.T : 0);
  const bytes = blocksOf(it.C, B) * (B / 8);
  const spikes = createSpikes(it.neuron ? it.T : 0, it.N, size.P, bytes);
  const { potentials } = data;
  for (let n = it.firstSample; n < it.N; n++)
    for (let c = 0; c < it.C; c++)
      for (let p = 0; p < size.P; p++) {
        const place = currentAt({ ...size, T: 1 }, { n, c, p, t: 0 });
        let v = it.keepsPotentials ? potentials[place]! : (it.neuron?.initial ?? 0);
        for (let t = 0; t < it.T; t++) {
          const sum = fround(sumOf(it, data, n, c, p, t) * data.scale[c]!);
          let x = fround(sum + data.bias[c]!);
          const T = it.residualSteps;
          if (T > 0) {
            const at = currentAt({ ...size, T }, { n, c, p, t: T === 1 ? 0 : t });
            x = fround(x + data.residual[at]!);
          }
          if (it.writesCurrents) currents[currentAt(size, { n, c, p, t })] = x;
          if (!it.neuron) continue;
          const next = advance(it.neuron, v, x);
          v = next.v;
          if (next.fires) setSpike(spikes, t, n, p, c);
        }
        if (it.neuron && it.keepsPotentials) potentials[place] = v;
      }
  return { currents, spikes: spikes.bits, potentials };
}

function sumOf(it: Case, data: Data, n: number, c: number, p: number, t: number): number {
  const [B, OW] = [lanesOf[it.mode], outputSize(it)[1]];
  const rows = it.kernel[0] * it.kernel[1] * it.Cg;
  const first = Math.floor(c / B) * rows;
  const g = Math.floor(c / (it.C / it.G));
  let sum = 0;
  for (let ky = 0; ky < it.kernel[0]; ky++)
    for (let kx = 0; kx < it.kernel[1]; kx++) {
      const y = Math.floor(p / OW) * it.stride[0] - it.padding[0] + ky;
      const x = (p % OW) * it.stride[1] - it.padding[1] + kx;
      if (y < 0 || y >= it.H || x < 0 || x >= it.W) continue;
      for (let i = 0; i < it.Cg; i++) {
        if (!hasSpike(data.spikes, t, n, y * it.W + x, g * it.Cg + i)) continue;
        const row = first + (ky * it.kernel[1] + kx) * it.Cg + i;
        sum = fround(sum + data.weights[row * B + (c % B)]!);
      }
    }
  return sum;
}
