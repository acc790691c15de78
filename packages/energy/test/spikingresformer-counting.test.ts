import { readFileSync } from 'node:fs';
import { attention } from '@spikeloom/attention';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  countFixed,
  createMeter,
  layersByScope,
  noCounts,
  priceOf,
  sopCounting,
  spikingResformerCounting,
  horowitz45nm,
} from '@spikeloom/energy';
import { createBuilder, createRegistry, type Graph, tensor } from '@spikeloom/ir';
import { spikingResformer } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import {
  golden as fashion,
  graph as fashionGraph,
  imagesOf,
  timesteps as fashionTimesteps,
} from '../../models/test/fashion-resformer.ts';
import { tinyNetworks } from '../../models/test/tiny-resformer.ts';
import { backends } from './backends.ts';
import { measure } from './measure.ts';

const registry = createRegistry([attention, neurons]);

interface Recorded {
  readonly timesteps: number;
  readonly image: number;
  /** Over all timesteps, for one sample. */
  readonly macs: Readonly<Record<string, number>>;
  readonly stem: number;
  readonly classifier: number;
  readonly total: number;
}

const recorded = JSON.parse(
  readFileSync(new URL('golden/spikingresformer.json', import.meta.url), 'utf8'),
) as {
  readonly variants: Readonly<Record<'ti' | 's' | 'm' | 'l' | 'cifar' | 'dvsg', Recorded>>;
  readonly published: readonly {
    readonly model: string;
    readonly gigaSops: number;
    readonly millijoules: number;
  }[];
};

/** What the reference calls a layer of ours. */
const referenceName = (path: string): string => path.replace('.attention.', '.');

describe.each(backends)('synaptic operations of the reference code on %s', (_, backend) => {
  test.each(Object.entries(tinyNetworks))('of %s, layer by layer', async (_name, network) => {
    const { graph, image, timesteps, golden } = network;
    const report = await measure(
      graph,
      { image },
      { timesteps, backend, registry, countings: [spikingResformerCounting] },
    );
    const found = report.layers.map(({ path, counts }) => [referenceName(path), counts.ac]);
    expect(Object.fromEntries(found)).toEqual(JSON.parse(golden.metadata.get('sops')!));
    expect(report.layers.every(({ counts }) => counts.mac === 0)).toBe(true);
  });
});

test('over 500 images of a trained network, they are those of the reference code', async () => {
  const meter = createMeter(fashionGraph, { registry, countings: [spikingResformerCounting] });
  const program = await wasmBackend().compile(fashionGraph, { registry, expose: meter.expose });
  for (let start = 0; start < 500; start += 100) {
    const taps = meter.start(100);
    await program.run({ image: imagesOf(start, 100) }, { timesteps: fashionTimesteps, taps });
  }
  program.dispose();
  const [report] = meter.report();
  const wanted = JSON.parse(fashion.metadata.get('sops')!) as Record<string, number>;
  expect(report!.layers).toHaveLength(Object.keys(wanted).length);
  // A spike at the very threshold may fall to the other side, and changes what follows in its image.
  for (const { path, counts } of report!.layers)
    expect(Math.abs(counts.ac / 500 / wanted[referenceName(path)]! - 1), path).toBeLessThan(1e-4);
  const total = Object.values(wanted).reduce((sum, count) => sum + count, 0);
  expect(report!.meanPicojoules.at(-1)! / (0.9 * total)).toBeCloseTo(1, 5);
  const stages = layersByScope(report!, 2);
  expect(stages.map(({ path }) => path)).toEqual(['layers.0', 'layers.1', 'layers.2']);
  const sum = stages.reduce((picojoules, stage) => picojoules + stage.picojoules, 0);
  expect(sum / 500).toBeCloseTo(report!.meanPicojoules.at(-1)!, 0);
});

describe.each(Object.entries(recorded.variants))('of variant %s', (name, wanted) => {
  const graph = spikingResformer({
    variant: name as keyof typeof recorded.variants,
    image: [3, wanted.image, wanted.image],
  });
  const { timesteps } = wanted;

  test('the dense operations are those of the reference code, layer by layer', () => {
    const terms = spikingResformerCounting.baseline(graph, undefined, registry);
    const found = terms.map(({ layer, amount }) => [
      referenceName(layer),
      amount.kind === 'fixed' ? timesteps * amount.count : NaN,
    ]);
    expect(Object.fromEntries(found)).toEqual(wanted.macs);
    expect(timesteps * countFixed(terms).mac).toBe(wanted.total);
  });

  test('the layers with real inputs are the stem and the classifier', () => {
    expect(macs(graph, 'left-out', timesteps)).toBe(0);
    expect(macs(graph, 'every-step', timesteps)).toBe(wanted.stem + wanted.classifier);
    expect(macs(graph, 'once', timesteps)).toBe(wanted.stem / timesteps + wanted.classifier);
  });
});

test('the published energies are 0.9 pJ for each published operation', () => {
  for (const { model, gigaSops, millijoules } of recorded.published) {
    const picojoules = priceOf({ ...noCounts(), ac: gigaSops * 1e9 }, horowitz45nm);
    expect(Math.abs(picojoules * 1e-9 - millijoules), model).toBeLessThan(0.011);
  }
});

test('it counts any network: one operation for each spike and target', async () => {
  const b = createBuilder();
  const x = b.input('x', ['N', 2, 3], { signal: { kind: 'spike' } });
  const weight = b.param('weight', [3, 4], { tensor: tensor(new Float32Array(12), [3, 4]) });
  b.output(
    'out',
    b.matmul(b.matmul(x, weight, {}, 'first'), weight, { transposeB: true }, 'second'),
  );
  const spikes = tensor([1, 0, 1, 1, 0, 0], [1, 2, 3]);
  const run = (realLayers: 'left-out' | 'every-step') =>
    measure(
      b.build(),
      { x: spikes },
      { timesteps: 2, registry, countings: [sopCounting({ realLayers })] },
    );
  const layers = async (realLayers: 'left-out' | 'every-step') =>
    (await run(realLayers)).layers.map(({ path, counts: { ac, mac } }) => [path, ac, mac]);
  expect(await layers('left-out')).toEqual([['first', 2 * 3 * 4, 0]]);
  expect(await layers('every-step')).toEqual([
    ['first', 2 * 3 * 4, 0],
    ['second', 0, 2 * 2 * 4 * 3],
  ]);
});

test('its caveats name what it leaves out', () => {
  const text = spikingResformerCounting.caveats.join('\n');
  for (const word of ['first convolution', 'classifier', 'normalisation', 'neuron', 'memory'])
    expect(text).toContain(word);
});

function macs(
  graph: Graph,
  realLayers: 'left-out' | 'every-step' | 'once',
  timesteps: number,
): number {
  const terms = sopCounting({ realLayers }).terms(graph, registry);
  return terms.reduce((sum, { operation, amount, when }) => {
    if (operation !== 'mac' || amount.kind !== 'fixed') return sum;
    return sum + amount.count * (when === 'run' ? 1 : timesteps);
  }, 0);
}
