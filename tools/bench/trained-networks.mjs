// Converts networks that other people trained and compares each with itself before, on the same images: the table of
// docs/experiments/conversion-networks.md. The folder holds models/<name>/weights.safetensors and images/.
//
//   SPIKELOOM_TRAINED=<folder> node tools/bench/trained-networks.mjs [--preset spikeloom] [--only name,name]
//     [--images 1000] [--calibrate 200] [--timesteps 4] [--seed 1] [--json]
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, root } from '../prepare.mjs';

await build();
const { wasmBackend } = await import('@spikeloom/backend-wasm');
const { readSafetensors, tensorsOf } = await import('@spikeloom/checkpoint');
const { conversion, convert } = await import('@spikeloom/conversion');
const { predictions } = await import('@spikeloom/cutoff');
const { normalise } = await import('@spikeloom/datasets');
const { openDataset } = await import('@spikeloom/datasets/node');
const { createMeter, ecmtCounting, fullCounting } = await import('@spikeloom/energy');
const { createRandom, createRegistry, isSpikeloomError } = await import('@spikeloom/ir');
const { loadConvNet, loadResnet, loadVit } = await import('@spikeloom/models');
const { neurons } = await import('@spikeloom/neurons');
const { accumulateSteps } = await import('@spikeloom/runtime');

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'spikeloom' },
    only: { type: 'string' },
    images: { type: 'string', default: '1000' },
    calibrate: { type: 'string', default: '200' },
    timesteps: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    options: { type: 'string', default: '{}' },
    json: { type: 'boolean', default: false },
  },
});
const [images, calibration, timesteps, seed] = [
  values.images,
  values.calibrate,
  values.timesteps,
  values.seed,
].map(Number);
const folder = process.env.SPIKELOOM_TRAINED;
if (!folder) throw new Error('SPIKELOOM_TRAINED names no folder');

const mnist = 'mnist-t10k-images-idx3-ubyte.gz';
const cifar = 'cifar10-test-jpegdecoded-0-999.bin';
const networks = [
  { name: 'vit-fmnist', load: loadVit, images: 'fashion-mnist-t10k-images-idx3-ubyte.gz' },
  { name: 'vit-cifar10-postnorm', load: loadVit, images: cifar },
  { name: 'vit-cifar10-batchnorm-ibp', load: loadVit, images: cifar },
  { name: 'vit-mnist-torchvision-names', load: loadVit, images: mnist },
  { name: 'vit-mnist-micro', load: loadVit, images: mnist },
  { name: 'resnet20-cifar10', load: loadResnet, images: cifar },
  { name: 'resnet8-cifar10-mlperf', load: loadResnet, images: cifar },
  { name: 'cnn-mnist-biasfree', load: loadConvNet, images: mnist },
];
const chosen = values.only ? values.only.split(',') : networks.map(({ name }) => name);
const registry = createRegistry([neurons, conversion]);
const backend = wasmBackend();

for (const network of networks.filter(({ name }) => chosen.includes(name))) {
  const row = await measure(network);
  console.log(values.json ? JSON.stringify(row) : format(row));
}

async function measure({ name, load, images: file }) {
  const config = JSON.parse(
    readFileSync(resolve(root, 'packages/models/test/trained', `${name}.json`), 'utf8'),
  );
  const weights = join(folder, 'models', name, 'weights.safetensors');
  if (!existsSync(weights)) return { name, refused: 'no weights.safetensors' };
  const trained = load(config, tensorsOf(readSafetensors(readFileSync(weights))));
  const source = await openDataset(join(folder, 'images', file), { split: 'test' });
  const input = (batch) => ({
    image: normalise(batch, { scale: 1 / 255, ...config.preprocess }),
  });
  // Thresholds are set on images that are not tested on: the last ones, in an order that the seed decides.
  const start = source.length - Math.max(calibration, Math.min(1000, source.length / 5));
  const tested = Math.min(images, start);
  async function* data() {
    let left = calibration;
    for await (const batch of source.batches({
      size: Math.min(100, calibration),
      start,
      random: createRandom(seed),
    })) {
      if (left <= 0) return;
      left -= batch.labels.length;
      yield input(batch);
    }
  }
  const began = performance.now();
  let converted;
  try {
    converted = await convert(trained, {
      backend,
      registry,
      data: data(),
      preset: values.preset,
      ...JSON.parse(values.options),
    });
  } catch (error) {
    if (!isSpikeloomError(error)) throw error;
    return { name, refused: error.problems };
  }
  const seconds = (performance.now() - began) / 1000;
  const meter = createMeter(converted.graph, {
    registry,
    countings: [ecmtCounting, fullCounting],
    source: trained,
  });
  const dense = await backend.compile(trained, { registry });
  const spiking = await backend.compile(converted.graph, { registry, expose: meter.expose });
  const right = Array.from({ length: timesteps }, () => 0);
  const same = Array.from({ length: timesteps }, () => 0);
  let rightDense = 0;
  for await (const batch of source.batches({ size: 50, count: tested })) {
    const inputs = input(batch);
    const expected = predictions(step(await dense.run(inputs, { timesteps: 1 }), 0));
    rightDense += agreement(expected, batch.labels);
    const outputs = await spiking.run(inputs, {
      timesteps,
      taps: meter.start(batch.labels.length),
    });
    for (let at = 0; at < timesteps; at++) {
      const predicted = predictions(step(outputs, at));
      right[at] += agreement(predicted, batch.labels);
      same[at] += agreement(predicted, expected);
    }
  }
  dense.dispose();
  spiking.dispose();
  const [paper, full] = meter.report();
  return {
    name,
    preset: values.preset,
    tested,
    ann: rightDense / tested,
    steps: right.map((count, at) => ({
      timestep: at + 1,
      accuracy: count / tested,
      sameAsAnn: same[at] / tested,
      energyRatio: paper.ratios[at],
      energyRatioFull: full.ratios[at],
    })),
    warnings: converted.report.warnings.length,
    seconds,
  };
}

/** The logits summed up to a timestep. */
function step({ logits }, at) {
  const { shape, data } = accumulateSteps(logits);
  const [, samples, classes] = shape;
  const length = samples * classes;
  return { shape: [samples, classes], data: data.subarray(at * length, (at + 1) * length) };
}

function agreement(predicted, labels) {
  return predicted.reduce((sum, label, index) => sum + Number(label === labels[index]), 0);
}

function format({ name, refused, tested, ann, steps, seconds }) {
  if (refused) return `${name}: refused, ${JSON.stringify(refused)}`;
  const cells = steps.map(
    ({ timestep, accuracy, energyRatio, energyRatioFull }) =>
      `T=${timestep} ${(100 * accuracy).toFixed(1)} (${energyRatio.toFixed(2)} / ${energyRatioFull.toFixed(2)})`,
  );
  return `${name}: ANN ${(100 * ann).toFixed(1)} of ${tested}; ${cells.join('; ')}; ${seconds.toFixed(1)} s`;
}
