import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  convert,
  convertEcmt,
  type ConversionOptions,
  type ConversionProgress,
  formatReport,
  type NeuronEntry,
  reportOf,
  sourceOf,
  type SpikingReport,
} from '@spikeloom/conversion';
import {
  type AnyOperator,
  createBuilder,
  createRandom,
  foldBatchNorm,
  type Graph,
  graphToJson,
  primitives,
  relu,
  tensor,
  type Tensor,
} from '@spikeloom/ir';
import { convNet, vit } from '@spikeloom/models';
import { neuronLayers, spikeCounts } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { dense, perceptron, randomInputs } from './perceptron.ts';
import { randomImages, randomVitWeights } from './random-vit.ts';
import { golden, image, registry, trained } from './tiny-vit.ts';

const backend = wasmBackend();
const calibration = [0, 1, 2].map((index) => ({ image: golden.tensor(`calib.images${index}`) }));

/** The largest difference of mean outputs from those of the trained network, after 1, 2, … timesteps. */
async function errorsOf(
  spiking: Graph,
  source: Graph,
  inputs: Record<string, Tensor>,
  timesteps: number,
) {
  const run = async (graph: Graph, steps: number): Promise<Tensor> => {
    const program = await backend.compile(graph, { registry });
    const outputs = await program.run(inputs, { timesteps: steps });
    program.dispose();
    return Object.values(outputs)[0]!;
  };
  const exact = (await run(source, 1)).data;
  const { data } = await run(spiking, timesteps);
  const sums = new Float64Array(exact.length);
  return Array.from({ length: timesteps }, (_, step) => {
    let worst = 0;
    sums.forEach((sum, index) => {
      sums[index] = sum + data[step * exact.length + index]!;
      worst = Math.max(worst, Math.abs(sums[index] / (step + 1) - exact[index]!));
    });
    return worst;
  });
}

const neuronsOf = (report: SpikingReport): NeuronEntry[] =>
  report.entries.filter((entry) => entry.kind === 'neuron');

const unlimited = { energyBudget: null } as const;

describe('the mean output approaches that of the trained network', () => {
  const codings = [
    { coding: 'rate' },
    { coding: 'differential' },
    { coding: 'differential', granularity: 'channel' },
    { coding: 'rate', edge: 'half-base', perOctave: 1 },
    { coding: 'differential', calibration: 'percentile', baseScale: 0.25 },
  ] as const;

  test.each(codings)('of a pre-norm transformer, with %o', async (settings) => {
    const options = { backend, registry, data: calibration, ...unlimited, ...settings };
    const { graph } = await convert(trained(), options);
    const errors = await errorsOf(graph, trained(), { image }, 32);
    expect(errors[31]).toBeLessThan(errors[0]! / 6);
  });

  test('in sum coding up to the quantisation, and then nothing fires any more', async () => {
    const settings = { coding: 'sum', perOctave: 1, levels: 12 } as const;
    const options = { backend, registry, data: calibration, ...unlimited, ...settings };
    const { graph } = await convert(trained(), options);
    const program = await backend.compile(graph, { registry });
    const counts = spikeCounts(neuronLayers(graph, registry));
    await program.run({ image }, { timesteps: 24, taps: counts.taps });
    for (const [path, steps] of counts.read()) expect(steps[23], path).toBe(0);
    const errors = await errorsOf(graph, trained(), { image }, 24);
    expect(errors[23]).toBeLessThan(errors[0]! / 2);
  });

  test('of a post-norm transformer with ReLU', async () => {
    const config = { image: [1, 8, 8], patch: 4, dim: 16, depth: 2, heads: 2, classes: 3 };
    const shape = vit({ ...config, image: [1, 8, 8], norm: 'post', activation: 'relu' });
    const network = { ...shape, weights: randomVitWeights(shape, 3) };
    const data = [{ image: randomImages([32, 1, 8, 8], 4) }];
    const { graph } = await convert(network, { backend, registry, data, ...unlimited });
    const errors = await errorsOf(graph, network, { image: randomImages([8, 1, 8, 8], 5) }, 32);
    expect(errors[31]).toBeLessThan(errors[0]! / 8);
  });

  test.each(['site', 'channel'] as const)(
    'of a convolutional network with batch normalisation, thresholds by %s',
    async (granularity) => {
      const network = convNet({ image: [1, 12, 12], classes: 3, seed: 1 });
      const data = [{ image: randomImages([32, 1, 12, 12], 2) }];
      const options = { backend, registry, data, granularity, ...unlimited };
      const { graph, report } = await convert(network, options);
      expect(neuronsOf(report).map(({ feeds }) => feeds)).toEqual([['conv1'], ['fc0']]);
      const errors = await errorsOf(graph, network, { image: randomImages([8, 1, 12, 12], 6) }, 32);
      expect(errors[31]).toBeLessThan(errors[0]! / 8);
    },
  );

  test('of a network with normalisation that follows no layer, and max pooling', async () => {
    const b = createBuilder({ name: 'odd' });
    const random = createRandom(11);
    const vector = (name: string, low: number): ReturnType<typeof b.param> =>
      b.param(name, [4], {
        tensor: tensor(Array.from({ length: 4 }, () => low + random.uniform())),
      });
    const filters = (name: string, inputs: number): ReturnType<typeof b.param> =>
      b.param(name, [4, inputs, 3, 3], {
        tensor: tensor(
          Array.from({ length: 36 * inputs }, () => random.normal() / 3),
          [4, inputs, 3, 3],
        ),
      });
    const x = b.input('image', ['N', 1, 12, 12]);
    const pooled = b.maxPool2d(b.conv2d({ x, weight: filters('w0', 1) }), {
      kernel: [2, 2],
      stride: [2, 2],
    });
    const batchNorm = registry.operator('spikeloom/batch-norm');
    const parts = {
      weight: vector('g', 1),
      bias: vector('h', -0.5),
      mean: vector('m', 0),
      variance: vector('v', 1),
    };
    const normal = b.apply(batchNorm, { x: pooled, ...parts }, {}, 'bn')['out']!;
    const second = b.conv2d({ x: normal, weight: filters('w1', 4) }, {}, 'conv');
    const active = b.apply(relu, { x: second }, {}, 'act').out;
    b.output('logits', dense(b, 'fc', b.reshape(active, ['N', 36]), 3, 1));
    const network = b.build();
    const data = [{ image: randomImages([32, 1, 12, 12], 2) }];
    const { graph } = await convert(network, { backend, registry, data, ...unlimited });
    const errors = await errorsOf(graph, network, { image: randomImages([8, 1, 12, 12], 6) }, 32);
    expect(errors[31]).toBeLessThan(errors[0]! / 8);
  });
});

describe('integrate-and-fire neurons', () => {
  const network = convNet({ image: [1, 12, 12], classes: 3, seed: 1 });
  const options = {
    backend,
    registry,
    data: [{ image: randomImages([64, 1, 12, 12], 2) }],
    neuron: 'integrate-and-fire',
    timesteps: 64,
  } as const;

  test.each(['site', 'channel'] as const)(
    'stand for ReLUs, with thresholds by %s',
    async (granularity) => {
      const { graph, report } = await convert(network, { ...options, granularity });
      expect(neuronsOf(report).map(({ path, feeds }) => [path, feeds])).toEqual([
        ['relu0.neuron', []],
        ['relu1.neuron', []],
        ['relu2.neuron', ['fc1']],
      ]);
      const errors = await errorsOf(graph, network, { image: randomImages([8, 1, 12, 12], 6) }, 64);
      expect(errors[63]).toBeLessThan(errors[0]! / 6);
      expect(graphToJson(sourceOf(graph, registry)).nodes).toEqual(
        graphToJson(prepared(network)).nodes,
      );
    },
  );

  test('with a threshold for each channel are nearer to the trained network', async () => {
    const [site, channel] = await Promise.all(
      (['site', 'channel'] as const).map(async (granularity) => {
        const { report } = await convert(network, { ...options, timesteps: 4, granularity });
        return neuronsOf(report).map(({ error }) => error.measured[2]!);
      }),
    );
    site!.forEach((error, index) => expect(channel![index]).toBeLessThan(error));
  });

  test('do not stand for other functions, and each is named', async () => {
    await expect(convert(trained(), { ...options, data: calibration })).rejects.toMatchObject({
      code: 'cannot-convert',
    });
    const given = { ...options, coding: 'differential' } as const;
    await expect(convert(network, given)).rejects.toMatchObject({ path: 'convert.coding' });
  });

  /** The network with its normalisation merged, as it is converted. */
  function prepared(graph: Graph): Graph {
    return foldBatchNorm(graph, registry);
  }
});

describe('thresholds', () => {
  const options = { backend, registry, data: calibration };

  test('keep to the energy budget, and a smaller one costs accuracy', async () => {
    const [little, much] = await Promise.all(
      [0.12, 0.25].map((energyBudget) => convert(trained(), { ...options, energyBudget })),
    );
    expect(little!.report.energyRatio).toBeLessThanOrEqual(0.12 * 1.02);
    expect(much!.report.energyRatio).toBeLessThanOrEqual(0.25 * 1.02);
    const [coarse, fine] = [little!, much!].map(({ report }) =>
      neuronsOf(report).reduce((sum, { error }) => sum + error.measured[0]!, 0),
    );
    expect(coarse).toBeGreaterThan(fine!);
  });

  test('a search spends energy where errors matter', async () => {
    const seen: ConversionProgress[] = [];
    const { report } = await convert(trained(), {
      ...options,
      search: true,
      onProgress: (progress) => seen.push(progress),
    });
    const sites = neuronsOf(report);
    const mean = sites.reduce((sum, { importance }) => sum + importance!, 0) / sites.length;
    expect(mean).toBeCloseTo(1);
    expect(seen.filter(({ phase }) => phase === 'searching')).toHaveLength(sites.length);
  });

  test('no value that is in range is further off than the bound', async () => {
    const { report } = await convert(trained(), { ...options, ...unlimited });
    for (const { path, error, saturated } of neuronsOf(report)) {
      if (saturated > 0) continue;
      error.measured.forEach((value, index) =>
        expect(value, path).toBeLessThanOrEqual(error.bound[index]!),
      );
    }
  });

  test('a site that clips is named', async () => {
    const clipped = await convert(trained(), {
      ...options,
      calibration: 'percentile',
      percentile: 0.6,
      levels: 2,
      perOctave: 1,
    });
    expect(neuronsOf(clipped.report)[0]!.saturated).toBeGreaterThan(0.001);
    expect(clipped.report.warnings[0]).toContain('blocks.0.norm1.neuron clips');
    const whole = await convert(trained(), { ...options, ...unlimited });
    expect(whole.report.warnings).toEqual([]);
  });

  test('are the same when the same data is given again', async () => {
    const [first, second] = await Promise.all([0, 1].map(() => convert(trained(), options)));
    expect(second!.report).toEqual(first!.report);
  });
});

describe('a conversion', () => {
  const options = { backend: cpuBackend(), registry, data: randomInputs(2) };

  test('with the preset ecmt is convertEcmt', async () => {
    const phases: ConversionProgress[] = [];
    const onProgress = (progress: ConversionProgress): void => void phases.push(progress);
    const found = await convert(perceptron(), { ...options, preset: 'ecmt', onProgress });
    const wanted = await convertEcmt(perceptron(), options);
    expect(graphToJson(found.graph)).toEqual(graphToJson(wanted.graph));
    expect(found.report).toEqual(wanted.report);
    expect(phases).toEqual([
      { phase: 'calibrating', done: 1 },
      { phase: 'calibrating', done: 2 },
    ]);
  });

  test('is stored in the model, done once, and reads as text', async () => {
    const { graph, report } = await convert(perceptron(), options);
    expect(reportOf(graph.metadata)).toEqual(report);
    expect((await convert(graph, options)).graph).toBe(graph);
    expect(formatReport(report).split('\n')[0]).toMatch(
      /^spikeloom: 1 neurons, 1 operators in differential coding, 3 layers left analogue, energy 0\.\d+ of/,
    );
  });

  test.each([
    { coding: 'differential', granularity: 'channel' },
    { coding: 'sum', perOctave: 1 },
    { coding: 'rate' },
  ] as const)('can be undone, with %o', async (settings) => {
    const { graph } = await convert(perceptron(), { ...options, ...settings });
    const source = sourceOf(graph, registry);
    expect(graphToJson(source)).toEqual(graphToJson(perceptron()));
    expect(source.weights).toEqual(perceptron().weights);
  });

  test('can be cancelled', async () => {
    const signal = AbortSignal.abort();
    await expect(convert(perceptron(), { ...options, signal })).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  test.each([
    [{ coding: 'morse' }, 'convert.coding'],
    [{ levels: 0 }, 'convert.levels'],
    [{ energyBudget: -1 }, 'convert.energyBudget'],
    [{ preset: 'best' }, 'convert.preset'],
    [{ coding: 'sum' }, 'convert'],
    [{ edge: 'half-base' }, 'convert'],
  ])('refuses settings that make none: %o', async (settings, path) => {
    // As a caller without types would.
    const given = { ...options, ...settings } as ConversionOptions;
    await expect(convert(perceptron(), given)).rejects.toMatchObject({
      code: 'invalid-argument',
      path,
    });
  });

  test('without data is refused', async () => {
    await expect(convert(perceptron(), { ...options, data: [] })).rejects.toMatchObject({
      code: 'empty-batch',
    });
  });

  test('of two layers is refused, because nothing would spike', async () => {
    const b = createBuilder({ name: 'short' });
    const x = b.input('x', ['N', 4]);
    const hidden = b.apply(relu, { x: dense(b, 'first', x, 6, 1) }, {}, 'act').out;
    b.output('logits', dense(b, 'second', hidden, 3, 2));
    await expect(convert(b.build(), options)).rejects.toMatchObject({ code: 'cannot-convert' });
  });

  test('of an operator without a rule names every node', async () => {
    const unknown: AnyOperator = primitives.abs;
    await expect(convert(perceptron(unknown), options)).rejects.toMatchObject({
      code: 'cannot-convert',
      problems: [{ path: 'act1' }, { path: 'act2' }],
    });
  });
});
