// Times the kernels of converted Vision Transformers, one thread: nanoseconds for an element, in a cache and out of it
// (`cold`), in CPU time. With --against, an older binary in the same run, in turn; kernels it does not have are left out.
//
//   node tools/bench/compensated-kernels.mjs [--only gelu] [--runs 9] [--against FILE] [--json]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import buildWasm from '../build-wasm.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '9' },
    against: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
await buildWasm();
const own = new URL('../../packages/backend-wasm/wasm/kernels.wasm', import.meta.url);
const memory = new WebAssembly.Memory({ initial: 8000 });
const binaries = [own, ...(values.against ? [values.against] : [])].map(
  (file) =>
    new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } })
      .exports,
);

let state = 1;
function uniform() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}
let top = 0;
/** Numbers around 0, none of them on a page that nobody has written. */
function numbers(length) {
  const at = top;
  top += Math.ceil(length / 16) * 64 + 128;
  if (top > memory.buffer.byteLength) throw new Error(`${top} bytes do not fit`);
  const data = new Float32Array(memory.buffer, at, length);
  for (let index = 0; index < length; index++) data[index] = 3 * (uniform() + uniform() - 1);
  return at;
}
const t = 5;
const contiguous = (length) => [1, 1, 1, 1, 1, length, 0, 0, 0, 0, 0, 1];

/** A step of a function of rows with its sum and what it gave before. */
const rowFunction = (kernel, width, weights, numbersAfter) => (samples) => {
  const length = samples * 50 * width;
  const given = [numbers(length), ...weights.map(() => numbers(width))];
  const places = [numbers(length), numbers(length), numbers(length)];
  const sizes = kernel === 'compensatedGelu' ? [length] : [length / width, width];
  return { kernel, length, values: [...given, ...places, ...sizes, ...numbersAfter, t] };
};
const product = (rows, inner, columns, isTurned) => (samples) => {
  const batch = 3 * samples;
  const [a, b, out] = [rows * inner, inner * columns, rows * columns].map((size) => size * batch);
  const places = [a, b, a, b, out, out, inner * 64].map(numbers);
  const strides = [inner, 1, ...(isTurned ? [1, inner] : [columns, 1])];
  const sizes = [batch, rows, columns, inner];
  return {
    kernel: 'compensatedProduct',
    length: out,
    values: [...places, ...sizes, ...strides, t],
  };
};
const fire = (width, heads) => (samples) => {
  const length = samples * 50 * width;
  const places = [numbers(length), numbers(heads ? 3 * length : length), numbers(length)];
  const reading = heads
    ? [1, 1, samples, 3, 50, 32, 0, 0, 150 * width, 32, 3 * width, 1]
    : contiguous(length);
  return { kernel: 'multiThreshold', length, values: [...places, 0.25, 0.08, 8, ...reading] };
};
const cases = [
  ['multi-threshold', fire(384, false)],
  ['multi-threshold, a head of q, k and v', fire(96, true)],
  ['GELU', rowFunction('compensatedGelu', 384, [], [])],
  ['soft-max, rows of 50', rowFunction('compensatedSoftmax', 50, [], [])],
  ['layer norm, rows of 96', rowFunction('compensatedLayerNorm', 96, ['weight', 'bias'], [1e-6])],
  ['product 50 x 32 x 50, turned', product(50, 32, 50, true)],
  ['product 50 x 50 x 32', product(50, 50, 32, false)],
];

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
function secondsOf(run) {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

for (const [name, prepare] of cases.filter(([one]) => one.includes(values.only))) {
  for (const [place, samples] of [
    ['', 1],
    ['cold', 100],
  ]) {
    top = 64;
    const { kernel, length, values: given } = prepare(samples);
    const able = binaries.filter((one) => one[kernel]?.length === given.length);
    const repeats = Math.ceil(2e6 / length);
    const times = able.map(() => []);
    for (let run = -2; run < Number(values.runs); run++) {
      able.forEach((one, index) => {
        const seconds = secondsOf(() => {
          for (let repeat = 0; repeat < repeats; repeat++) one[kernel](...given);
        });
        if (run >= 0) times[index].push((1e9 * seconds) / repeats / length);
      });
    }
    const [nanoseconds, other] = times.map(median);
    const line = {
      name: name.padEnd(40),
      place: place.padEnd(4),
      nanoseconds: `${nanoseconds.toFixed(3)} ns`.padStart(9),
      ...(other && { against: `${(other / nanoseconds).toFixed(2)} x the other` }),
    };
    console.log(values.json ? JSON.stringify(line) : Object.values(line).join('  '));
  }
}
