// Times a training step of a small convolutional spiking network (195 k weights, T = 4, batch 32, 28 x 28;
// conv-BN-LIF-pool twice, fc-LIF-fc, ATan surrogate, SGD), one thread, by median.
//
//   node tools/bench/train-step.mjs [--repeats 7] [--backends wasm,tfjs-cpu] [--profile] [--json]
import { parseArgs } from 'node:util';
import { build } from '../prepare.mjs';

await build();
const { tfjsBackend } = await import('@spikeloom/backend-tfjs');
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { batchNorm, createBuilder, createRandom, createRegistry, linear, tensor } =
  await import('@spikeloom/ir');
const { lif, neurons } = await import('@spikeloom/neurons');
const { createTrainer, meanOutputLoss, sgd, training } = await import('@spikeloom/training');

const { values } = parseArgs({
  options: {
    repeats: { type: 'string', default: '7' },
    backends: { type: 'string', default: 'wasm' },
    profile: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const timesteps = 4;
const samples = 32;
const random = createRandom(1);

const makers = {
  wasm: async () => wasmBackend({ threads: 1 }),
  'tfjs-wasm': async () => {
    // The backend package brings the tfjs backend up with its binaries.
    const up = await wasmBackend({ threads: 1 }).compile(network(), { registry });
    up.dispose();
    return tfjsBackend('wasm');
  },
  'tfjs-cpu': async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    return tfjsBackend('cpu');
  },
};
const registry = createRegistry([neurons, training]);
const image = filled([samples, 1, 28, 28], () => random.uniform());
const labels = Array.from({ length: samples }, (_, index) => index % 10);

const rows = [];
for (const name of values.backends.split(',')) {
  const calls = [];
  const backend = await makers[name]();
  const trainer = createTrainer(network(), {
    backend: values.profile ? profiled(backend, calls) : backend,
    registry,
    timesteps,
    loss: meanOutputLoss(),
    optimiser: sgd({ momentum: 0 }),
  });
  const step = () => trainer.step({ image }, labels, { learningRate: 0.05 });
  const { firingRate } = await step();
  calls.length = 0;
  const times = [];
  const repeats = name === 'tfjs-cpu' ? 1 : Number(values.repeats);
  for (let index = 0; index < repeats; index++) {
    const start = performance.now();
    await step();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  rows.push({ backend: name, milliseconds: times[times.length >> 1], firingRate });
  if (values.profile) printProfile(calls, repeats);
  trainer.dispose();
}
if (values.json) console.log(JSON.stringify({ rows }));
else
  for (const { backend, milliseconds, firingRate } of rows) {
    const rate = firingRate.toFixed(3);
    console.log(
      `${backend.padEnd(10)} ${milliseconds.toFixed(1).padStart(9)} ms, firing rate ${rate}`,
    );
  }

function network() {
  const b = createBuilder({ name: 'small-conv-snn' });
  const weight = (name, shape, scale) =>
    b.param(name, shape, { tensor: filled(shape, () => random.normal() * scale) });
  const norm = (x, name, channels) => {
    const all = (value) => tensor(new Float32Array(channels).fill(value), [channels]);
    const inputs = {
      x,
      weight: b.param(`${name}.weight`, [channels], { tensor: all(1) }),
      bias: b.param(`${name}.bias`, [channels], { tensor: all(0) }),
      mean: b.buffer(`${name}.running_mean`, [channels], { tensor: all(0) }),
      variance: b.buffer(`${name}.running_var`, [channels], { tensor: all(1) }),
    };
    return b.apply(batchNorm, inputs, {}, name).out;
  };
  const fire = (x, name) => b.apply(lif, { current: x }, {}, name).spikes;
  const pool = (x, name) => b.avgPool2d(x, { kernel: [2, 2], stride: [2, 2] }, name);
  const convolve = (x, filters) => b.conv2d({ x, weight: filters }, { padding: [1, 1, 1, 1] });
  let x = b.input('image', ['N', 1, 28, 28]);
  x = pool(fire(norm(convolve(x, weight('c1', [32, 1, 3, 3], 0.3)), 'bn1', 32), 'lif1'), 'pool1');
  x = pool(fire(norm(convolve(x, weight('c2', [64, 32, 3, 3], 0.06)), 'bn2', 64), 'lif2'), 'pool2');
  x = b.reshape(x, ['N', 3136], 'flatten');
  x = fire(b.apply(linear, { x, weight: weight('f1', [56, 3136], 0.25) }, {}, 'fc1').out, 'lif3');
  b.output('logits', b.apply(linear, { x, weight: weight('f2', [10, 56], 0.1) }, {}, 'fc2').out);
  return b.build();
}

function filled(shape, next) {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return tensor(Float32Array.from({ length: size }, next), shape);
}

/** The same backend, with every kernel call on record. */
function profiled(backend, calls) {
  const profiler = { now: () => performance.now(), record: (call) => calls.push(call) };
  return {
    ...backend,
    compile: async (...given) => {
      const program = await backend.compile(...given);
      const run = program.run.bind(program);
      program.run = (inputs, options) => run(inputs, { ...options, profiler });
      return program;
    },
  };
}

function printProfile(calls, repeats) {
  const totals = new Map();
  for (const { op, elapsed } of calls) totals.set(op, (totals.get(op) ?? 0) + elapsed);
  for (const [op, total] of [...totals].toSorted((a, b) => b[1] - a[1]).slice(0, 16))
    console.log(`  ${op.padEnd(52)} ${(total / repeats).toFixed(2).padStart(8)} ms`);
}
