// Times the kernels of training on backend-wasm beside the same operators by their lowering on the operators
// of tfjs-wasm, at the sizes of a small convolutional network: T * N = 128 images of 28 x 28, one thread.
//
//   node tools/bench/training-kernels.mjs [--only conv2d] [--runs 9] [--rate 0.15] [--json]
import { parseArgs } from 'node:util';
import { build } from '../prepare.mjs';

await build();
const { tfjsBackend } = await import('@spikeloom/backend-tfjs');
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { createBuilder, createRandom, createRegistry, sizeOf, tensor } =
  await import('@spikeloom/ir');
const { training } = await import('@spikeloom/training');

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '9' },
    // The share of neurons that fire.
    rate: { type: 'string', default: '0.15' },
    json: { type: 'boolean', default: false },
  },
});
const [runs, rate] = [values.runs, values.rate].map(Number);

const registry = createRegistry([training]);
const random = createRandom(20261122);
const rows = 128;

const fills = {
  normal: () => random.normal(),
  positive: () => 0.1 + random.uniform(),
  spikes: () => Number(random.uniform() < rate),
  // Means of two by two spikes.
  pooled: () => [0, 0, 0, 0].reduce((sum) => sum + Number(random.uniform() < rate) / 4, 0),
};
const value = (shape, fill = 'normal') => ({ shape, fill });

const same = { padding: [1, 1, 1, 1] };
const pooling = { kernel: [2, 2], stride: [2, 2] };
const [first, second] = [
  [rows, 32, 28, 28],
  [rows, 64, 14, 14],
];
const channel = (count, fill) => value([count], fill);

/** Operator, a remark, inputs, attributes; multiply-accumulates of contractions. */
const cases = [
  {
    op: 'spikeloom/conv2d',
    remark: '1 -> 32, image',
    inputs: { x: value([rows, 1, 28, 28]), weight: value([32, 1, 3, 3]) },
    attributes: same,
    macs: sizeOf(first) * 9,
  },
  {
    op: 'spikeloom/conv2d',
    remark: '32 -> 64, pooled spikes',
    inputs: { x: value([rows, 32, 14, 14], 'pooled'), weight: value([64, 32, 3, 3]) },
    attributes: same,
    macs: sizeOf(second) * 288,
  },
  {
    op: 'spikeloom/conv2d',
    remark: '32 -> 64, spikes',
    inputs: { x: value([rows, 32, 14, 14], 'spikes'), weight: value([64, 32, 3, 3]) },
    attributes: same,
    macs: sizeOf(second) * 288,
  },
  {
    op: 'spikeloom/conv2d',
    remark: '32 -> 64, dense',
    inputs: { x: value([rows, 32, 14, 14]), weight: value([64, 32, 3, 3]) },
    attributes: same,
    macs: sizeOf(second) * 288,
  },
  {
    op: 'spikeloom.training/conv2d-weight-gradient',
    remark: '1 -> 32, image',
    inputs: { x: value([rows, 1, 28, 28]), gradient: value(first) },
    attributes: { ...same, kernel: [3, 3] },
    macs: sizeOf(first) * 9,
  },
  {
    op: 'spikeloom.training/conv2d-weight-gradient',
    remark: '32 -> 64, pooled spikes',
    inputs: { x: value([rows, 32, 14, 14], 'pooled'), gradient: value(second) },
    attributes: { ...same, kernel: [3, 3] },
    macs: sizeOf(second) * 288,
  },
  {
    op: 'spikeloom.training/conv2d-input-gradient',
    remark: '32 -> 64',
    inputs: { gradient: value(second), weight: value([64, 32, 3, 3]) },
    attributes: { ...same, size: [14, 14] },
    macs: sizeOf(second) * 288,
  },
  ...[first, second].flatMap((shape) => [
    {
      op: 'spikeloom.training/neuron-sequence',
      remark: shape.join(' x '),
      inputs: { current: value(shape) },
      attributes: { timesteps: 4 },
      bytes: 4 * 4 * sizeOf(shape),
    },
    {
      op: 'spikeloom.training/neuron-sequence-gradient',
      remark: shape.join(' x '),
      inputs: {
        charged: value(shape),
        spikes: value(shape, 'spikes'),
        spikesGradient: value(shape),
      },
      attributes: { timesteps: 4 },
      bytes: 4 * 4 * sizeOf(shape),
    },
    {
      op: 'spikeloom.training/batch-statistics-norm',
      remark: shape.join(' x '),
      inputs: { x: value(shape), weight: channel(shape[1]), bias: channel(shape[1]) },
      bytes: 2 * 4 * sizeOf(shape),
    },
    {
      op: 'spikeloom.training/batch-statistics-norm-gradient',
      remark: shape.join(' x '),
      inputs: {
        x: value(shape),
        scale: channel(shape[1]),
        mean: channel(shape[1]),
        variance: channel(shape[1], 'positive'),
        gradient: value(shape),
      },
      bytes: 3 * 4 * sizeOf(shape),
    },
    {
      op: 'spikeloom/batch-norm',
      remark: shape.join(' x '),
      inputs: {
        x: value(shape),
        weight: channel(shape[1]),
        bias: channel(shape[1]),
        mean: channel(shape[1]),
        variance: channel(shape[1], 'positive'),
      },
      bytes: 2 * 4 * sizeOf(shape),
    },
    {
      op: 'spikeloom/avg-pool2d',
      remark: shape.join(' x '),
      inputs: { x: value(shape) },
      attributes: pooling,
      bytes: 5 * sizeOf(shape),
    },
    {
      op: 'spikeloom.training/avg-pool2d-gradient',
      remark: shape.join(' x '),
      inputs: { gradient: value([...shape.slice(0, 2), shape[2] / 2, shape[3] / 2]) },
      attributes: { ...pooling, size: shape.slice(2) },
      bytes: 5 * sizeOf(shape),
    },
    {
      op: 'spikeloom/max-pool2d',
      remark: shape.join(' x '),
      inputs: { x: value(shape) },
      attributes: pooling,
      bytes: 5 * sizeOf(shape),
    },
    {
      op: 'spikeloom.training/max-pool2d-gradient',
      remark: shape.join(' x '),
      inputs: {
        x: value(shape),
        pooled: value([...shape.slice(0, 2), shape[2] / 2, shape[3] / 2]),
        gradient: value([...shape.slice(0, 2), shape[2] / 2, shape[3] / 2]),
      },
      attributes: pooling,
      bytes: 10 * sizeOf(shape),
    },
  ]),
  {
    op: 'spikeloom/maximum',
    remark: first.join(' x '),
    inputs: { a: value(first), b: value([]) },
    bytes: 2 * 4 * sizeOf(first),
  },
  {
    op: 'spikeloom/spike',
    remark: first.join(' x '),
    inputs: { x: value(first) },
    bytes: 2 * 4 * sizeOf(first),
  },
  {
    op: 'spikeloom/mean',
    remark: `${first.join(' x ')}, all axes`,
    inputs: { x: value(first) },
    attributes: { axes: [0, 1, 2, 3] },
    bytes: 4 * sizeOf(first),
  },
  {
    op: 'spikeloom/sum',
    remark: `${first.join(' x ')}, per channel`,
    inputs: { x: value(first) },
    attributes: { axes: [0, 2, 3] },
    bytes: 4 * sizeOf(first),
  },
  {
    op: 'spikeloom/linear',
    remark: '3136 -> 56',
    inputs: { x: value([rows, 3136], 'pooled'), weight: value([56, 3136]) },
    macs: rows * 3136 * 56,
  },
  {
    op: 'spikeloom/matmul',
    remark: 'gradient^T x',
    inputs: { a: value([rows, 56]), b: value([rows, 3136], 'pooled') },
    attributes: { transposeA: true },
    macs: rows * 3136 * 56,
  },
  {
    op: 'spikeloom/matmul',
    remark: 'gradient weight',
    inputs: { a: value([rows, 56]), b: value([56, 3136]) },
    macs: rows * 3136 * 56,
  },
];

/** Milliseconds that the kernels of one graph take, as a function to be called again and again. */
async function timerOf(backend, graph, inputs) {
  const program = await backend.compile(graph, { registry });
  const run = async () => {
    let total = 0;
    const record = ({ elapsed }) => (total += elapsed);
    const profiler = { now: () => performance.now(), record };
    await program.run(inputs, { timesteps: 1, profiler });
    return total;
  };
  // The first run warms up the compilers.
  await run();
  return { run, dispose: () => program.dispose() };
}

function graphOf({ op, inputs, attributes = {} }) {
  const builder = createBuilder({ name: op });
  const given = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, fill }]) => [
      name,
      tensor(Array.from({ length: sizeOf(shape) }, fills[fill]), shape),
    ]),
  );
  const refs = Object.fromEntries(
    Object.entries(given).map(([name, { shape }]) => [name, builder.input(name, shape)]),
  );
  const outputs = builder.apply(registry.operator(op), refs, attributes, 'op');
  for (const [name, output] of Object.entries(outputs)) builder.output(name, output);
  return { graph: builder.build(), inputs: given };
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

const results = [];
for (const one of cases.filter(({ op }) => op.includes(values.only))) {
  const { graph, inputs } = graphOf(one);
  const ours = await timerOf(wasmBackend({ threads: 1 }), graph, inputs);
  const theirs = await timerOf(tfjsBackend('wasm'), graph, inputs);
  const times = { ours: [], theirs: [] };
  for (let run = 0; run < runs; run++) {
    times.ours.push(await ours.run());
    // Some lowerings take seconds: those are timed once.
    if (!(times.theirs[0] > 1000)) times.theirs.push(await theirs.run());
  }
  ours.dispose();
  theirs.dispose();
  const [milliseconds, tfjsMilliseconds] = [median(times.ours), median(times.theirs)];
  results.push({
    op: one.op,
    remark: one.remark,
    milliseconds,
    tfjsMilliseconds,
    ratio: tfjsMilliseconds / milliseconds,
    bestMilliseconds: Math.min(...times.ours),
    bestTfjsMilliseconds: Math.min(...times.theirs),
    ...(one.macs ? { gflops: (2 * one.macs) / milliseconds / 1e6 } : {}),
    ...(one.bytes ? { gigabytesPerSecond: one.bytes / milliseconds / 1e6 } : {}),
  });
}
if (values.json) console.log(JSON.stringify(results));
else {
  const heading = ['kernel', '(best)', 'tfjs', '(best)'].map((word) => word.padStart(9)).join('');
  console.log(`${'median milliseconds'.padEnd(70)}${heading}`);
  for (const { op, remark, gflops, gigabytesPerSecond, ...one } of results) {
    const speed = gflops ? `${gflops.toFixed(1)} GFLOP/s` : `${gigabytesPerSecond.toFixed(1)} GB/s`;
    const numbers = [
      one.milliseconds,
      one.bestMilliseconds,
      one.tfjsMilliseconds,
      one.bestTfjsMilliseconds,
    ].map((milliseconds) => milliseconds.toFixed(2).padStart(9));
    console.log(`${`${op} (${remark})`.padEnd(70)}${numbers.join('')}${speed.padStart(15)}`);
  }
}
