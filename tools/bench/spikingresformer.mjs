// Times a forward pass of SpikingResformer-Ti on backend-wasm, one thread: all timesteps of one batch, by median.
// The weights are random, and such that every layer fires. How often is part of the result: it decides the time.
//
//   node tools/bench/spikingresformer.mjs [--variant ti] [--image 224] [--timesteps 4] [--batch 1] [--repeats 5]
//     [--bias 0.3] [--profile] [--json]
import { parseArgs } from 'node:util';
import { build } from '../prepare.mjs';
import { settledWeights } from './settled-weights.mjs';

await build();
const { attention } = await import('@spikeloom/attention');
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { createMeter, spikingResformerCounting } = await import('@spikeloom/energy');
const { createRandom, createRegistry, sizeOf, tensor } = await import('@spikeloom/ir');
const { spikingResformer } = await import('@spikeloom/models');
const { neurons } = await import('@spikeloom/neurons');

const { values } = parseArgs({
  options: {
    variant: { type: 'string', default: 'ti' },
    image: { type: 'string', default: '224' },
    timesteps: { type: 'string', default: '4' },
    batch: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '5' },
    // What normalisations add; more of it, more spikes.
    bias: { type: 'string', default: '0.3' },
    profile: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const { variant } = values;
const [image, timesteps, batch, repeats, bias] = [
  'image',
  'timesteps',
  'batch',
  'repeats',
  'bias',
].map((name) => Number(values[name]));

const registry = createRegistry([attention, neurons]);
const backend = wasmBackend({ threads: 1 });
const random = createRandom(1);
const noise = (count, side) => {
  const shape = [count, 3, side, side];
  const data = Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
  return { image: tensor(data, shape) };
};
// A small image settles them as well as a large one.
const small = spikingResformer({ variant, image: [3, 64, 64], seed: 1 });
const settling = { backend, registry, inputs: noise(2, 64), timesteps, bias };
const weights = await settledWeights(small, settling);
const graph = { ...spikingResformer({ variant, image: [3, image, image] }), weights };
const inputs = noise(batch, image);

const rate = await measureRate();
const program = await backend.compile(graph, { registry });
await program.run(inputs, { timesteps });
const times = [];
const work = [];
for (let index = 0; index < repeats; index++) {
  const [began, before] = [performance.now(), process.cpuUsage()];
  await program.run(inputs, { timesteps });
  times.push(performance.now() - began);
  const { user, system } = process.cpuUsage(before);
  work.push((user + system) / 1000);
}
const middle = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const result = {
  variant,
  image,
  timesteps,
  batch,
  rate,
  milliseconds: middle(times),
  // What it would take on a machine that does nothing else.
  cpuMilliseconds: middle(work),
  peakMebibytes: process.resourceUsage().maxRSS / 1024,
  ...(values.profile ? { operators: await profile() } : {}),
};
program.dispose();
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(`SpikingResformer ${variant}, ${image} x ${image}, T = ${timesteps}, batch ${batch}`);
  console.log(
    `${result.milliseconds.toFixed(0)} ms (${result.cpuMilliseconds.toFixed(0)} ms of CPU), the middle of ${repeats} runs`,
  );
  console.log(`${(100 * rate).toFixed(1)} % of the operations of a dense network`);
  console.log(`${result.peakMebibytes.toFixed(0)} MiB at the peak, all of the process`);
  for (const [op, milliseconds] of Object.entries(result.operators ?? {}))
    console.log(`  ${milliseconds.toFixed(1).padStart(8)} ms  ${op}`);
}

/** Synaptic operations as a share of the multiply-accumulates of a dense network, stem and classifier apart. */
async function measureRate() {
  const meter = createMeter(graph, { registry, countings: [spikingResformerCounting] });
  const counted = await backend.compile(graph, { registry, expose: meter.expose });
  await counted.run(inputs, { timesteps, taps: meter.start(batch) });
  counted.dispose();
  const [report] = meter.report();
  const operations = report.steps.reduce((sum, { ac }) => sum + ac, 0) / batch;
  const dense = spikingResformerCounting
    .baseline(graph, undefined, registry)
    .filter(({ layer }) => layer.startsWith('layers.'))
    .reduce((sum, { amount }) => sum + amount.count, 0);
  return operations / (timesteps * dense);
}

/** Milliseconds by operator, in one more pass. */
async function profile() {
  const totals = new Map();
  const record = ({ op, elapsed }) => totals.set(op, (totals.get(op) ?? 0) + elapsed);
  await program.run(inputs, { timesteps, profiler: { now: () => performance.now(), record } });
  return Object.fromEntries([...totals].toSorted((a, b) => b[1] - a[1]));
}
