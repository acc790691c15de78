// Converts the bundled ViT on several random choices of bundled training images and measures each on the 1,000
// bundled test images: accuracy, energy in both countings, and a confidence cutoff set on training images.
//
//   node tools/bench/conversion.mjs [--seeds 5] [--timesteps 4] [--images 1000] [--settings '{"coding":"rate"}']
//
// Prints a line of JSON for every seed and one with the means.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { build } from '../prepare.mjs';

await build();
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { tensorsOf } = await import('@spikeloom/checkpoint');
const { readSafetensorsFile } = await import('@spikeloom/checkpoint/node');
const { conversion, convert } = await import('@spikeloom/conversion');
const { confidenceCutoff, predictions, replayCutoff } = await import('@spikeloom/cutoff');
const { fashionMnistNormalisation, fashionMnistSample, normalise } =
  await import('@spikeloom/datasets');
const { createMeter, ecmtCounting, fullCounting } = await import('@spikeloom/energy');
const { createRandom, createRegistry, takeRows } = await import('@spikeloom/ir');
const { loadVit } = await import('@spikeloom/models');
const { neurons } = await import('@spikeloom/neurons');

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    timesteps: { type: 'string', default: '4' },
    images: { type: 'string', default: '1000' },
    settings: { type: 'string', default: '{}' },
  },
});
const [seeds, timesteps, images] = ['seeds', 'timesteps', 'images'].map((name) =>
  Number(values[name]),
);
const settings = JSON.parse(values.settings);
const registry = createRegistry([neurons, conversion]);
const backend = wasmBackend();
const asset = (name) =>
  new URL(`../../packages/cli/assets/vit-fashion-mnist.${name}`, import.meta.url).pathname;
const trained = loadVit(
  JSON.parse(await readFile(asset('json'), 'utf8')),
  tensorsOf(await readSafetensorsFile(asset('safetensors'))),
);

const test = await batchesOf('test', 125, images);
const training = await batchesOf('train', 1000, 1000);
const annRun = await runOver(trained, test, 1);
const rows = [];
for (let seed = 1; seed <= seeds; seed++) {
  const { data, held } = split(training[0], seed);
  const { graph } = await convert(trained, { backend, registry, data, ...settings });
  const threshold = await thresholdOn(graph, held);
  const meter = createMeter(graph, {
    registry,
    countings: [ecmtCounting, fullCounting],
    source: trained,
  });
  const run = await runOver(graph, test, timesteps, meter);
  const [paper, full] = meter.report();
  const outcome = replayCutoff(run.logits, run.labels, confidenceCutoff(threshold));
  rows.push({
    seed,
    accuracy: run.accuracy,
    ratio: paper.ratios,
    ratioFull: full.ratios,
    cutoff: {
      threshold,
      accuracy: outcome.accuracy,
      meanTimestep: outcome.meanTimestep,
      ratio: untilExit(paper, outcome.exits),
      ratioFull: untilExit(full, outcome.exits),
    },
  });
  console.log(JSON.stringify(rows.at(-1)));
}
console.log(
  JSON.stringify({
    settings,
    ann: annRun.accuracy[0],
    accuracy: meanOf(({ accuracy }) => accuracy),
    ratio: meanOf(({ ratio }) => ratio),
    ratioFull: meanOf(({ ratioFull }) => ratioFull),
    cutoff: meanOf(({ cutoff }) => [
      cutoff.accuracy,
      cutoff.meanTimestep,
      cutoff.ratio,
      cutoff.ratioFull,
    ]),
  }),
);

/** 600 images to convert on, in three batches, and 400 to set a threshold on. */
function split({ inputs, labels }, seed) {
  const random = createRandom(seed);
  const order = Array.from(labels, (_, index) => index);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const part = (from, to) => ({ image: takeRows(inputs.image, order.slice(from, to)) });
  const data = [0, 1, 2].map((index) => part(200 * index, 200 * (index + 1)));
  const held = { inputs: part(600, 1000), labels: order.slice(600).map((row) => labels[row]) };
  return { data, held: [held] };
}

/** The least confidence that loses at most a quarter of a point against the last timestep, on training images. */
async function thresholdOn(graph, batches) {
  const { logits, labels, accuracy } = await runOver(graph, batches, timesteps);
  const thresholds = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];
  const keeps = (threshold) =>
    replayCutoff(logits, labels, confidenceCutoff(threshold)).accuracy >= accuracy.at(-1) - 0.0025;
  return thresholds.find(keeps) ?? 1;
}

async function runOver(graph, batches, steps, meter) {
  const program = await backend.compile(graph, { registry, expose: meter?.expose ?? [] });
  const parts = [];
  for (const { inputs, labels } of batches) {
    const taps = meter?.start(labels.length) ?? [];
    parts.push((await program.run(inputs, { timesteps: steps, taps })).logits);
  }
  program.dispose();
  const labels = batches.flatMap((batch) => [...batch.labels]);
  const classes = parts[0].shape[2];
  const data = new Float32Array(steps * labels.length * classes);
  let done = 0;
  for (const { shape, data: part } of parts) {
    const width = shape[1] * classes;
    for (let step = 0; step < steps; step++)
      data.set(
        part.subarray(step * width, (step + 1) * width),
        step * labels.length * classes + done,
      );
    done += width;
  }
  const sums = new Float32Array(labels.length * classes);
  const accuracy = Array.from({ length: steps }, (_, step) => {
    sums.forEach((sum, index) => (sums[index] = sum + data[step * sums.length + index]));
    const found = predictions({ shape: [labels.length, classes], dtype: 'float32', data: sums });
    return found.filter((label, index) => label === labels[index]).length / labels.length;
  });
  const logits = { shape: [steps, labels.length, classes], dtype: 'float32', data };
  return { logits, labels, accuracy };
}

function untilExit({ perSample, timesteps: steps, samples, baselinePicojoules }, exits) {
  let total = 0;
  exits.forEach((exit, sample) => {
    for (let step = 0; step < exit; step++) total += perSample[sample * steps + step];
  });
  return total / samples / baselinePicojoules;
}

function meanOf(pick) {
  const picked = rows.map(pick);
  return picked[0].map(
    (_, index) => picked.reduce((sum, row) => sum + row[index], 0) / picked.length,
  );
}

async function batchesOf(name, size, count) {
  const found = [];
  for await (const batch of (await fashionMnistSample(name)).batches({ size, count }))
    found.push({
      inputs: { image: normalise(batch, fashionMnistNormalisation) },
      labels: batch.labels,
    });
  return found;
}
