// A tiny Vision Transformer with random weights, converted and run; the same in Node and on a page.
import { conversion, convertEcmt } from '@spikeloom/conversion';
import { createRandom, createRegistry, sizeOf, tensor } from '@spikeloom/ir';
import { loadVit, vit } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { neuronLayers, traces } from '@spikeloom/runtime';

const config = { image: [1, 8, 8], patch: 4, dim: 16, depth: 2, heads: 2, mlp: 32, classes: 3 };
const registry = createRegistry([neurons, conversion]);
const random = createRandom(1);
const normal = (shape, scale = 1) =>
  tensor(
    Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
    shape,
  );

/** The spiking network; thresholds are calibrated on the given backend. */
export async function convertTinyVit(backend) {
  const weights = vit(config)
    .nodes.filter(({ op }) => op === 'spikeloom/param')
    .map(({ id, outputs }) => [id, normal(outputs.out.shape, 0.4)]);
  const data = [{ image: normal([8, ...config.image]) }];
  const trained = loadVit(config, new Map(weights));
  return (await convertEcmt(trained, { backend, registry, data })).graph;
}

/** Every spike of the network for three images and six timesteps: neuron layer to numbers. */
export async function spikeTrains(graph, backend) {
  const trains = traces(neuronLayers(graph, registry).map(({ path }) => path));
  const program = await backend.compile(graph, { registry });
  await program.run({ image: images }, { timesteps: 6, taps: trains.taps });
  program.dispose();
  return Object.fromEntries([...trains.read()].map(([path, { data }]) => [path, [...data]]));
}
const images = normal([3, ...config.image]);

/** Throws when two runs differ in a spike; resolves to how many there were. */
export function countEqualSpikes(reference, other, name) {
  let spikes = 0;
  for (const [path, train] of Object.entries(reference)) {
    train.forEach((value, index) => {
      if (value !== other[path][index]) throw new Error(`${name}: ${path} differs at ${index}`);
      spikes += Number(value !== 0);
    });
  }
  if (spikes === 0) throw new Error('the network never spiked');
  return spikes;
}
