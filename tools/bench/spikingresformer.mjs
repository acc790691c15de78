// Times a forward pass of SpikingResformer-Ti on backend-wasm, one thread: all timesteps of one batch, by median.
// The weights are random. Normalisations and firing rates are set by what a small image gives, again and again
// until it stays, so that every layer fires; how often is part of the result, because it decides the time.
//
//   node tools/bench/spikingresformer.mjs [--variant ti] [--image 224] [--timesteps 4] [--batch 1] [--repeats 5]
//     [--bias 0.5] [--profile] [--json]
import { parseArgs } from 'node:util';
import { build } from '../prepare.mjs';

await build();
const { attention, dssa } = await import('@spikeloom/attention');
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { createMeter, spikingResformerCounting } = await import('@spikeloom/energy');
const { createRandom, createRegistry, sizeOf, tensor } = await import('@spikeloom/ir');
const { spikingResformer } = await import('@spikeloom/models');
const { neurons } = await import('@spikeloom/neurons');
const { firingRates, neuronLayers } = await import('@spikeloom/runtime');

const { values } = parseArgs({
  options: {
    variant: { type: 'string', default: 'ti' },
    image: { type: 'string', default: '224' },
    timesteps: { type: 'string', default: '4' },
    batch: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '5' },
    // What all normalisations add; more of it, more spikes.
    bias: { type: 'string', default: '0.5' },
    profile: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const { variant } = values;
const [side, timesteps, samples, repeats, bias] = [
  'image',
  'timesteps',
  'batch',
  'repeats',
  'bias',
].map((name) => Number(values[name]));

const registry = createRegistry([attention, neurons]);
const backend = wasmBackend({ threads: 1 });
const random = createRandom(1);
const weights = await settle(64, 40);
const graph = { ...spikingResformer({ variant, image: [3, side, side] }), weights };
const inputs = { image: noise(samples, side) };

const activity = await measureActivity();
const program = await backend.compile(graph, { registry });
await program.run(inputs, { timesteps });
const times = [];
for (let index = 0; index < repeats; index++) {
  const began = performance.now();
  await program.run(inputs, { timesteps });
  times.push(performance.now() - began);
}
times.sort((a, b) => a - b);
const result = {
  variant,
  image: side,
  timesteps,
  batch: samples,
  milliseconds: times[times.length >> 1],
  ...activity,
  peakMebibytes: process.resourceUsage().maxRSS / 1024,
  ...(values.profile ? { operators: await profile() } : {}),
};
program.dispose();
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(
    `SpikingResformer ${variant}, ${side} x ${side}, T = ${timesteps}, batch ${samples}: ${result.milliseconds.toFixed(0)} ms; ` +
      `${(100 * result.rate).toFixed(1)} % of the dense operations, ${(100 * result.firingRate).toFixed(1)} % of the neurons fire; ` +
      `peak ${result.peakMebibytes.toFixed(0)} MiB`,
  );
  for (const [op, milliseconds] of Object.entries(result.operators ?? {}))
    console.log(`  ${milliseconds.toFixed(1).padStart(8)} ms  ${op}`);
}

/** Random weights with statistics of their own activity on a small image. */
async function settle(small, passes) {
  const network = spikingResformer({ variant, image: [3, small, small], seed: 1 });
  const norms = network.nodes.filter(({ op }) => op === 'spikeloom/batch-norm');
  const blocks = network.nodes.filter(({ op }) => op === dssa.id);
  const input = { image: noise(2, small) };
  const found = new Map(network.weights);
  const ofKeys = new Set(blocks.map(({ inputs }) => inputs.keys));
  for (const { id, inputs } of norms)
    if (!ofKeys.has(id)) found.set(inputs.bias, filledLike(found.get(inputs.bias), bias));
  for (let pass = 0; pass < passes; pass++) {
    const maps = blocks.map(({ id }) => `${id}.activation_attn`);
    const settled = { ...network, weights: found };
    const running = await backend.compile(settled, { registry, expose: maps });
    const statistics = new Map();
    const watch = (at) => ({
      at,
      observe: ({ value }) => addByAxis(statistics, at, value),
    });
    await running.run(input, {
      timesteps,
      taps: [
        ...norms.map(({ inputs }) => watch(inputs.x)),
        ...blocks.map(({ inputs }) => watch(inputs.x)),
        ...maps.map((at) => watch(at)),
      ],
    });
    running.dispose();
    for (const { inputs } of norms) {
      const { mean, variance } = momentsOf(statistics.get(inputs.x));
      found.set(inputs.mean, tensor(mean, [mean.length]));
      found.set(inputs.variance, tensor(variance, [variance.length]));
    }
    for (const { id, inputs, attributes } of blocks) {
      const { heads } = attributes;
      const shape = [1, 1, heads, 1, 1];
      const { mean } = momentsOf(statistics.get(inputs.x));
      const width = mean.length / heads;
      const perHead = Array.from(
        { length: heads },
        (_, head) => mean.slice(head * width, (head + 1) * width).reduce((a, b) => a + b) / width,
      );
      found.set(inputs.rateX, tensor(perHead, shape));
      const { mean: map } = momentsOf(statistics.get(`${id}.activation_attn`));
      found.set(inputs.rateAttn, tensor(map, shape));
    }
  }
  return found;
}

/** Adds sums and sums of squares along axis 1. */
function addByAxis(statistics, at, { shape, data }) {
  const [rows, channels] = shape;
  const plane = sizeOf(shape) / (rows * channels);
  const entry = statistics.get(at) ?? {
    count: 0,
    sum: new Float64Array(channels),
    squares: new Float64Array(channels),
  };
  statistics.set(at, entry);
  entry.count += rows * plane;
  for (let index = 0; index < data.length; index++) {
    const channel = Math.floor(index / plane) % channels;
    entry.sum[channel] += data[index];
    entry.squares[channel] += data[index] ** 2;
  }
}

function momentsOf({ count, sum, squares }) {
  const mean = Array.from(sum, (total) => total / count);
  const variance = Array.from(squares, (total, channel) =>
    Math.max(total / count - mean[channel] ** 2, 0),
  );
  return { mean, variance };
}

/** Synaptic operations as a share of the dense ones, and spikes per neuron and timestep. */
async function measureActivity() {
  const meter = createMeter(graph, { registry, countings: [spikingResformerCounting] });
  const layers = neuronLayers(graph, registry);
  const rates = firingRates(layers);
  const counted = await backend.compile(graph, { registry, expose: meter.expose });
  await counted.run(inputs, { timesteps, taps: [...meter.start(samples), ...rates.taps] });
  counted.dispose();
  const [report] = meter.report();
  const operations = report.steps.reduce((sum, { ac }) => sum + ac, 0) / samples;
  const dense = spikingResformerCounting.baseline(graph, undefined, registry);
  const macs = dense
    .filter(({ layer }) => layer.startsWith('layers.'))
    .reduce((sum, { amount }) => sum + amount.count, 0);
  const all = layers.reduce((sum, layer) => sum + layer.neurons, 0);
  const seen = rates.read();
  const spikes = layers.reduce((sum, { path, neurons: size }) => {
    const perStep = seen.get(path);
    return sum + (size * perStep.reduce((a, b) => a + b, 0)) / perStep.length;
  }, 0);
  return { operations, rate: operations / (timesteps * macs), firingRate: spikes / all };
}

/** Milliseconds by operator in one more pass. */
async function profile() {
  const totals = new Map();
  const record = ({ op, elapsed }) => totals.set(op, (totals.get(op) ?? 0) + elapsed);
  await program.run(inputs, { timesteps, profiler: { now: () => performance.now(), record } });
  return Object.fromEntries([...totals].toSorted((a, b) => b[1] - a[1]));
}

function noise(count, size) {
  const shape = [count, 3, size, size];
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
    shape,
  );
}

function filledLike({ shape }, value) {
  return tensor(new Float32Array(sizeOf(shape)).fill(value), shape);
}
