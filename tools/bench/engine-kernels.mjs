// Times the kernels of the event-driven engine, one thread, beside what a row of weights costs at best in the same run:
// additions per second (Gacc/s), and their share of that peak. With --against, an older binary in the same run.
//
//   node tools/bench/engine-kernels.mjs [--only grouped] [--rates 5,10,17.5,30] [--runs 9] [--against FILE] [--json]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import buildWasm from '../build-wasm.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    // Percent of the neurons that fire.
    rates: { type: 'string', default: '5,10,17.5,30' },
    runs: { type: 'string', default: '9' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
await buildWasm();
const own = new URL('../../packages/backend-wasm/wasm/engine.wasm', import.meta.url);
const memory = new WebAssembly.Memory({ initial: 6000 });
const engines = [own, ...(values.against ? [values.against] : [])].map(
  (file) =>
    new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } })
      .exports,
);
const T = 4;

let state = 1;
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

let top = 0;
function clear() {
  top = 64;
}
function reserve(bytes) {
  const at = top;
  top += Math.ceil(bytes / 64) * 64 + 128;
  if (top > memory.buffer.byteLength) throw new Error(`${top} bytes do not fit`);
  // Memory that nobody has written is one page of zeros, which is faster than any other.
  new Uint8Array(memory.buffer, at, bytes).fill(0);
  return at;
}
function place(Type, length, fill) {
  const at = reserve(length * Type.BYTES_PER_ELEMENT);
  const data = new Type(memory.buffer, at, length);
  for (let index = 0; index < length; index++) data[index] = fill(index);
  return at;
}
const currents = (length) => place(Float32Array, length, () => uniform() - 0.5);
function describe(...parts) {
  const words = parts.flat();
  const at = reserve(4 * words.length);
  const view = new DataView(memory.buffer, at);
  words.forEach((word, index) => {
    if (typeof word === 'number') view.setInt32(4 * index, word, true);
    else view.setFloat32(4 * index, word.float, true);
  });
  return at;
}
const lif = (spikes) => [1, spikes, 0, 0, 16, ...[2, 0.5, 0.3, 0, 0].map((float) => ({ float }))];

/** Spikes at random, how many there are, and the bytes of a timestep. */
function bitsOf({ G = 1, Cg, H, W = 1 }, rate) {
  const bytes = (H * W * G * Cg) / 8;
  let count = 0;
  const spikes = place(Uint8Array, T * bytes, () => {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte |= Number(uniform() < rate) << bit;
    for (let rest = byte; rest; rest &= rest - 1) count++;
    return byte;
  });
  return { spikes, count, bytes };
}

/** The same with their lists: what to run to list them. */
function spikesOf(shape, rate) {
  const { G = 1, Cg, H, W = 1 } = shape;
  const bytes = (G * Cg) / 8;
  const { spikes, count } = bitsOf(shape, rate);
  const table = place(Uint16Array, 2048, (index) => {
    const set = Array.from({ length: 8 }, (_, bit) => bit).filter(
      (bit) => (index >> 3) & (1 << bit),
    );
    return set[index & 7] ?? 0;
  });
  const lines = T * G * H;
  const capacity = W * Cg + 8;
  const [events, starts] = [reserve(2 * lines * capacity), reserve(4 * lines * (W + 1))];
  const sizes = [T, 1, G, H, W, bytes, Cg, Cg / 8, 0, capacity];
  const descriptor = describe([spikes, events, starts, table], sizes);
  for (const engine of engines.toReversed()) engine.listEvents(descriptor, 0, lines);
  return { descriptor, lines, events, starts, capacity, count, spikes, table };
}

function convolution(mode, shape, rate) {
  const {
    G = 1,
    Cg,
    C,
    H,
    W = 1,
    kernel = 1,
    stride = 1,
    padding = 0,
    residual,
    out,
    sums,
  } = shape;
  const { events, starts, capacity, count } = spikesOf(shape, rate);
  const rows = kernel * kernel * Cg;
  const [Type, size] = {
    f32: [Float32Array, 1],
    i16: [Int16Array, 60000 / rows],
    i8: [Uint8Array, 60],
  }[mode];
  // Every other byte is raised by 64; which of them does not matter here.
  const offset = (index) => (mode === 'i8' ? 64 * (1 - (index & 1)) : 0);
  const weights = place(Type, C * rows, (index) => {
    const value = (uniform() - 0.5) * size;
    return mode === 'f32' ? value : Math.round(value) + offset(index);
  });
  const channels = (value) => place(Float32Array, C, () => value);
  const [scale, bias] = [channels(1 / size), channels(0.1)];
  const OH = Math.floor((H + 2 * padding - kernel) / stride) + 1;
  const OW = W === 1 ? 1 : OH;
  const descriptor = describe(
    [events, starts, weights, scale, bias, residual ? currents(T * C * OH * OW) : 0, T],
    [out ? reserve(4 * T * C * OH * OW) : 0, T, 1, Cg, C, G, kernel, W === 1 ? 1 : kernel],
    [stride, W === 1 ? 1 : stride, padding, W === 1 ? 0 : padding, H, W, OH, OW, 0, capacity],
    reserve(96960 + T * (2 * rows + 256)),
    sums ? lif(0).fill(0) : lif(reserve((T * C * OH * OW) / 8)),
  );
  // Windows at the border are smaller; the share of the taps that lie inside says by how much.
  const inside = kernel === 1 ? 1 : tapsInside(H, kernel, stride, padding, OH) ** 2;
  const additions = ((count * OH * OW) / (H * W)) * kernel ** 2 * inside * (C / G);
  return { kernel: `convolveEvents_${mode}`, descriptor, units: OH, additions, mode };
}

function tapsInside(size, kernel, stride, padding, outputs) {
  let taps = 0;
  for (let out = 0; out < outputs; out++) {
    for (let tap = 0; tap < kernel; tap++) {
      const at = out * stride - padding + tap;
      taps += Number(at >= 0 && at < size);
    }
  }
  return taps / outputs / kernel;
}

function attention(mode, { heads, P, K, outputs }, rate) {
  const { events, starts, capacity, count } = spikesOf({ G: heads, Cg: K, H: P }, rate);
  const lanes = mode === 'f32' ? 16 : 32;
  const blocks = Math.ceil(outputs / lanes);
  const panels = T * heads * blocks;
  const weights =
    mode === 'f32'
      ? currents(panels * K * lanes)
      : place(Int16Array, panels * (K + 4) * lanes, (index) => {
          const row = Math.floor(index / lanes) % (K + 4);
          if (row < K) return (uniform() - 0.5) * (60000 / K);
          // Two rows of scales, 2 ** -11 as pairs of words, and two of shifts.
          return row < K + 2 && index % 2 === 1 ? 0x3a00 : 0;
        });
  const scale = place(Float32Array, heads, () => 0.2);
  const [pixel, head, sample] = [1, P, P * heads].map((each) => (each * blocks * lanes) / 8);
  const descriptor = describe(
    [events, starts, weights, scale, T, 1, heads, P, K, outputs, 0, 0, capacity],
    [sample, head, pixel, reserve(4096 + 64 * T)],
    lif(reserve(T * sample)),
  );
  const kernel = mode === 'f32' ? 'attendEvents' : 'attendEvents_i16';
  return { kernel, descriptor, units: P, additions: count * outputs, mode };
}

const grouped = { G: 12, Cg: 64, C: 768, H: 28, W: 28, kernel: 3, padding: 1, residual: true };
const wide = { Cg: 192, C: 192, H: 28, W: 28, kernel: 3, padding: 1 };
const patch = { Cg: 64, C: 128, H: 56, W: 56, kernel: 4, stride: 4 };
const convolutions = [
  // The sums alone, to compare with the peak; then with what follows them in a network.
  ['1x1 384 -> 1536, 14 x 14, sums', { Cg: 384, C: 1536, H: 196, sums: true }],
  ['3x3 192 -> 192, 28 x 28, sums', { ...wide, sums: true }],
  ['grouped 3x3 768, 28 x 28, sums', { ...grouped, residual: false, sums: true }],
  ['1x1 384 -> 1536, 14 x 14', { Cg: 384, C: 1536, H: 196 }],
  ['1x1 64 -> 256 + currents, 56 x 56', { Cg: 64, C: 256, H: 3136, out: true }],
  ['1x1 768 -> 192 + residual, 28 x 28', { Cg: 768, C: 192, H: 784, residual: true, out: true }],
  ['3x3 192 -> 192, 28 x 28', wide],
  ['grouped 3x3 768 + residual, 28 x 28', grouped],
  ['4x4 / 4 64 -> 128, 56 x 56', patch],
];
/** Name, and what it needs at a firing rate; where the rate does not matter, only at the first. */
const cases = [
  ...['i8', 'i16', 'f32'].flatMap((mode) =>
    convolutions.map(([name, shape]) => [
      `${mode} ${name}`,
      (rate) => convolution(mode, shape, rate),
    ]),
  ),
  ...['i16', 'f32'].flatMap((mode) =>
    [
      ['attend 3 heads 64 -> 196, 784', { heads: 3, P: 784, K: 64, outputs: 196 }],
      ['attend 3 heads 196 -> 64, 784', { heads: 3, P: 784, K: 200, outputs: 64 }],
    ].map(([name, shape]) => [`${mode} ${name}`, (rate) => attention(mode, shape, rate)]),
  ),
  [
    'list 4 x 256 channels, 56 x 56',
    (rate) => {
      const { descriptor, lines } = spikesOf({ G: 4, Cg: 64, H: 56, W: 56 }, rate);
      return {
        kernel: 'listEvents',
        descriptor,
        units: lines,
        bytes: T * 256 * 56 * 56 * (2 * rate),
      };
    },
  ],
  [
    'fire 256 channels, 56 x 56',
    () => {
      const data = currents(T * 256 * 56 * 56);
      const spikes = reserve((T * 256 * 56 * 56) / 8);
      const descriptor = describe([data, T, T, 1, 3136, 256, 32, ...lif(spikes)]);
      const bytes = 4.125 * T * 256 * 3136;
      return { kernel: 'fireCurrents', descriptor, units: 8 * 3136, bytes, always: true };
    },
  ],
  ...['panelsFromCurrents', 'panelsFromCurrents_i16'].flatMap((kernel) =>
    [0, 1].map((transposed) => [
      `${kernel} of 6 heads${transposed ? ', transposed' : ''}`,
      () => {
        const panels = reserve(4 * T * 6 * 64 * 224);
        const words = [currents(T * 768 * 196), panels, T, 1, 6, 196, 768, 32, 128];
        const scale = place(Float32Array, 6, () => 0.2);
        const descriptor = describe([...words, 64 * transposed, 64, transposed, 0, scale]);
        return { kernel, descriptor, units: T * 6, bytes: 4 * T * 6 * 64 * 196, always: true };
      },
    ]),
  ),
  ...[
    ['k^T v', 64, 196, 64, 1, 1],
    ['k^T v', 32, 64, 32, 1, 1],
    ['q k^T', 196, 64, 196, 0, 0],
  ].map(([product, rows, inner, columns, ...turned]) => [
    `${product} of 12 heads, ${rows} x ${inner} x ${columns}`,
    () => {
      const lanes = 32;
      const step = (width) => (Math.ceil(width / lanes) * lanes) / 8;
      const bits = (outer, isTurned) =>
        isTurned ? [T * 12 * inner, step(outer)] : [T * 12 * outer, step(inner)];
      const operands = [bits(rows, turned[0]), bits(columns, turned[1])];
      const places = operands.map(([lines, each]) =>
        place(Uint8Array, lines * each, () => 256 * uniform()),
      );
      const blocks = Math.ceil(columns / lanes);
      const out = reserve(4 * T * 12 * rows * blocks * lanes);
      const sizes = [T, 1, 12, rows, inner, columns, lanes, operands[0][1], operands[1][1]];
      const scratch = reserve((rows + 8 + blocks * lanes) * (inner / 8 + 32));
      const descriptor = describe(places, out, sizes, { float: 1 }, scratch, turned);
      const products = T * 12 * rows * inner * columns;
      return { kernel: 'countProducts', descriptor, units: 12, products, always: true };
    },
  ]),
  [
    'q (k^T v) of 12 heads of 64, 196 tokens',
    (rate) => {
      const { spikes, count, table } = spikesOf({ Cg: 64, H: 12 * 196 }, rate);
      const [rows, out] = [currents(T * 12 * 64 * 64), reserve(4 * T * 196 * 768)];
      const scratch = reserve(T * 4 * 64 * 64 + 2 * 64 + 160);
      const sizes = [T, 1, 12, 196, 64, 64, 32, 8, scratch, { float: 0.125 }, table, 1];
      const descriptor = describe(spikes, rows, out, sizes);
      const additions = count * 64;
      return { kernel: 'sumSelected', descriptor, units: 12 * 196, additions, mode: 'f32' };
    },
  ],
  ...[
    ['countSpikes', [0, 'out'], [384, 32, 48, { float: 1 }, { float: 1 }], 12],
    ['countGroups', ['out'], [12, 4, 32, 48, { float: 1 }], 196],
    ['maskChannels', ['mask', 'out'], [48], 196],
    ['maskGroups', ['mask', 'out'], [48, 12, 4, 4], 196],
  ].map(([kernel, others, sizes, units]) => [
    `${kernel}, 384 channels of 196 tokens`,
    () => {
      const bytes = T * 196 * 48;
      const bits = () => place(Uint8Array, bytes, () => 256 * uniform());
      const places = { 0: () => 0, mask: bits, out: () => reserve(4 * T * 196 * 32 + bytes) };
      const addresses = [bits(), ...others.map((one) => places[one]())];
      const descriptor = describe(addresses, T, 1, 196, sizes);
      return { kernel, descriptor, units, bytes, always: true };
    },
  ]),
  [
    'poolSpikes 2 x 2 of 256 channels, 32 x 32',
    () => {
      const bytes = T * 1024 * 32;
      const addresses = [place(Uint8Array, bytes, () => 256 * uniform()), reserve(bytes / 4)];
      const descriptor = describe(addresses, [T, 1, 32, 32, 16, 16, 2, 2, 2, 2, 0, 0, 32]);
      return { kernel: 'poolSpikes', descriptor, units: 16, bytes: 1.25 * bytes, always: true };
    },
  ],
  [
    'flattenSpikes of 256 channels, 16 x 16',
    (rate) => {
      const { spikes, bytes } = bitsOf({ Cg: 256, H: 256 }, rate);
      const descriptor = describe(spikes, reserve(T * bytes), [T, 1, 256, 32, 8192, 256, 1]);
      return { kernel: 'flattenSpikes', descriptor, units: T, bytes: 2 * T * bytes };
    },
  ],
  ...['toCurrents', 'fromCurrents'].map((kernel) => [
    `${kernel} of 64 channels, 56 x 56`,
    () => {
      const elements = 64 * 3136;
      const places = [currents(T * elements), currents(T * elements)];
      const descriptor = describe([...places, T, 1, 3136, 64, 32, elements, elements, 3136, 1]);
      return { kernel, descriptor, units: 3136, bytes: 8 * T * elements, always: true };
    },
  ]),
  [
    'add 64 channels, 56 x 56',
    () => {
      const elements = T * 64 * 3136;
      const places = [currents(elements), T, currents(elements), T, reserve(4 * elements)];
      const descriptor = describe([...places, T, 3136, 32, 1, 2]);
      return { kernel: 'addCurrents', descriptor, units: 6272, bytes: 12 * elements, always: true };
    },
  ],
];

const unitOf = { additions: 'Gacc/s', bytes: 'GB/s', products: 'G binary MAC/s' };
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
function secondsOf(run) {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

clear();
const peaks = Object.fromEntries(
  ['f32', 'i16'].map((mode) => {
    const bytes = 96 * 256;
    const descriptor = describe([place(Uint8Array, bytes, () => 0), bytes, reserve(16)]);
    const run = () => engines[0][`addPeak_${mode}`](descriptor, 0, 2e4);
    run();
    const seconds = Math.min(...Array.from({ length: 9 }, () => secondsOf(run)));
    return [mode, (bytes * 2e4) / (mode === 'f32' ? 4 : 2) / seconds / 1e9];
  }),
);
const print = (line) =>
  console.log(values.json ? JSON.stringify(line) : Object.values(line).join('  '));
print({
  name: 'peak',
  f32: `${peaks.f32.toFixed(1)} f32`,
  i16: `${peaks.i16.toFixed(1)} i16 Gacc/s`,
});

for (const [name, prepare] of cases.filter(([one]) => one.includes(values.only))) {
  for (const rate of values.rates.split(',').map((percent) => Number(percent) / 100)) {
    clear();
    const { kernel, descriptor, units, mode, always, ...work } = prepare(rate);
    const [[kind, amount]] = Object.entries(work).filter(([key]) => key in unitOf);
    const repeats = Math.max(1, Math.round(amount / 1e9 + 1));
    const times = engines.map(() => []);
    for (let run = -2; run < Number(values.runs); run++) {
      engines.forEach((engine, index) => {
        const seconds = secondsOf(() => {
          for (let repeat = 0; repeat < repeats; repeat++) engine[kernel]?.(descriptor, 0, units);
        });
        if (run >= 0) times[index].push(seconds / repeats);
      });
    }
    const seconds = times.map(median);
    const speed = amount / seconds[0] / 1e9;
    print({
      name: name.padEnd(40),
      rate: always ? '' : `${(100 * rate).toFixed(1)} %`.padStart(6),
      ms: `${(1000 * seconds[0]).toFixed(2)} ms`.padStart(9),
      speed: `${speed.toFixed(1)} ${unitOf[kind]}`.padStart(11),
      share:
        kind === 'additions' ? `${((100 * speed) / peaks[mode]).toFixed(0)} % of the peak` : '',
      ...(engines[1]?.[kernel] && {
        against: `${(seconds[1] / seconds[0]).toFixed(2)} x the other`,
      }),
    });
    if (always) break;
  }
}
