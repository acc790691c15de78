// Peak memory and time of one training step of a SpikingResformer on backend-wasm, one thread. Run it once with and
// once without --recompute: a process has one peak.
//
//   node tools/bench/recompute.mjs [--variant ti] [--image 224] [--timesteps 4] [--batch 1] [--recompute 8]
//     [--repeats 3] [--json]
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { build } from '../prepare.mjs';

await build();
const { attention } = await import('@spikeloom/attention');
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { createRandom, createRegistry, sizeOf, tensor } = await import('@spikeloom/ir');
const { spikingResformer } = await import('@spikeloom/models');
const { neurons } = await import('@spikeloom/neurons');
const { adam, createTrainer, meanOutputLoss, training } = await import('@spikeloom/training');

const { values } = parseArgs({
  options: {
    variant: { type: 'string', default: 'ti' },
    image: { type: 'string', default: '224' },
    timesteps: { type: 'string', default: '4' },
    batch: { type: 'string', default: '1' },
    recompute: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const { variant } = values;
const [image, timesteps, batch, recompute, repeats] = [
  'image',
  'timesteps',
  'batch',
  'recompute',
  'repeats',
].map((name) => Number(values[name]));

const random = createRandom(1);
const shape = [batch, 3, image, image];
const pixels = tensor(
  Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
  shape,
);
const labels = Array.from({ length: batch }, (_, index) => index % 10);

// What tfjs holds after any operator; the memory of the process also has what was never given back.
let live = 0;
const profiler = {
  now: () => 0,
  record: () => (live = Math.max(live, tf.memory().numBytes)),
};
const backend = wasmBackend({ threads: 1 });
const watched = {
  name: backend.name,
  async compile(graph, options) {
    const program = await backend.compile(graph, options);
    const run = program.run.bind(program);
    return Object.assign(program, { run: (inputs, given) => run(inputs, { ...given, profiler }) });
  },
};
const trainer = createTrainer(
  spikingResformer({ variant, image: [3, image, image], classes: 10, seed: 1 }),
  {
    backend: watched,
    registry: createRegistry([attention, neurons, training]),
    timesteps,
    loss: meanOutputLoss(),
    optimiser: adam({ weightDecay: 0.01 }),
    recompute,
  },
);
const times = [];
const work = [];
const losses = [];
for (let index = 0; index < repeats; index++) {
  const [began, before] = [performance.now(), process.cpuUsage()];
  const { loss } = await trainer.step({ image: pixels }, labels, { learningRate: 1e-3 });
  times.push(performance.now() - began);
  const { user, system } = process.cpuUsage(before);
  work.push((user + system) / 1000);
  losses.push(loss);
}
// The first step also makes the program.
const middle = (numbers) => numbers.slice(1).toSorted((a, b) => a - b)[(numbers.length - 1) >> 1];
const result = {
  variant,
  image,
  timesteps,
  batch,
  recompute,
  losses,
  milliseconds: middle(times),
  cpuMilliseconds: middle(work),
  liveMebibytes: live / 2 ** 20,
  peakMebibytes: process.resourceUsage().maxRSS / 1024,
};
if (values.json) console.log(JSON.stringify(result));
else {
  const cuts = recompute === 1 ? 'nothing computed again' : `${recompute} stretches`;
  console.log(`SpikingResformer ${variant}, ${image} x ${image}, T = ${timesteps}, batch ${batch}`);
  console.log(`${cuts}; losses ${losses.map((loss) => loss.toFixed(4)).join(', ')}`);
  console.log(
    `${result.milliseconds.toFixed(0)} ms a step (${result.cpuMilliseconds.toFixed(0)} ms of CPU)`,
  );
  console.log(
    `${result.liveMebibytes.toFixed(0)} MiB of tensors at the peak, ${result.peakMebibytes.toFixed(0)} MiB all of the process`,
  );
}
