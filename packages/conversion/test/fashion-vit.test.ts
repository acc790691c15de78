import { existsSync } from 'node:fs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { convert, convertEcmt, type Converted, type ReportEntry } from '@spikeloom/conversion';
import {
  calibrateTopK,
  collectStatistics,
  fixedTimestep,
  type LabelledBatch,
  predictions,
  replayCutoff,
} from '@spikeloom/cutoff';
import { fashionMnistSample } from '@spikeloom/datasets';
import type { ImageSource } from '@spikeloom/datasets';
import { openDataset } from '@spikeloom/datasets/node';
import { createMeter, ecmtCounting, type EnergyReport } from '@spikeloom/energy';
import { linear, type Tensor } from '@spikeloom/ir';
import { accumulateSteps, neuronLayers, type Program, spikeCounts } from '@spikeloom/runtime';
import { beforeAll, describe, expect, test } from 'vitest';
import { openGolden, stepsOf } from './golden.ts';
import { registry, sourceFor } from './tiny-vit.ts';
import { batches, loadTrained } from './trained-vit.ts';

const golden = openGolden('fashion_vit');
const sites = JSON.parse(golden.metadata.get('sites')!) as string[];
const backend = wasmBackend();
const timesteps = 10;
const images = 1000;

async function convertOn(source: ImageSource, count: number): Promise<Converted> {
  async function* data() {
    for await (const { image } of batches(source, 200, count)) yield { image };
  }
  return convertEcmt(await loadTrained(), { backend, registry, data: data() });
}

function neuronAt({ report }: Converted, site: string) {
  type Neuron = Extract<ReportEntry, { kind: 'neuron' }>;
  return report.entries.find(
    (entry): entry is Neuron =>
      entry.kind === 'neuron' && entry.path === `${sourceFor(site)}.neuron`,
  )!;
}

/** Right answers among the first thousand test images. */
function countRight(logits: Pick<Tensor, 'shape' | 'data'>, labels: ArrayLike<number>): number {
  return predictions(logits).reduce((right, label, i) => right + Number(label === labels[i]), 0);
}

describe('the ViT trained on Fashion-MNIST, on wasm', () => {
  test('before conversion has the logits and the accuracy of the reference', async () => {
    const program = await backend.compile(await loadTrained(), { registry });
    const recorded = golden.tensor('ann.logits');
    let right = 0;
    let [worst, first] = [0, 0];
    const labels: number[] = [];
    for await (const batch of batches(await fashionMnistSample('test'), 250, images)) {
      const { logits } = await program.run({ image: batch.image }, { timesteps: 1 });
      const [only] = stepsOf(logits!);
      right += countRight(only!, batch.labels);
      for (const value of only!.data) {
        worst = Math.max(worst, Math.abs(value - recorded.data[first++]!));
      }
      labels.push(...batch.labels);
    }
    expect(worst).toBeLessThan(1e-4);
    expect(right).toBe(897);
    expect(countRight(recorded, labels)).toBe(897);
  });

  test('has, calibrated on the bundled images, the bases of the reference after 5 batches', async () => {
    const converted = await convertOn(await fashionMnistSample('train'), 1000);
    expect(converted.report.calibrationBatches).toBe(5);
    const calibrated = sites.filter(
      (site) => neuronAt(converted, site).thresholds === 'calibrated',
    );
    expect(calibrated).toHaveLength(3 * 6);
    for (const site of calibrated) {
      const { positive, negative } = neuronAt(converted, site);
      const recorded = golden.tensor(`calib.scale.${site}`).data.slice(8, 10);
      expectBases([positive, negative], [...recorded]);
    }
  });
});

describe('converted with the preset spikeloom, on three choices of bundled training images', () => {
  const draws = [0, 200, 400];
  const steps = 2;
  let accuracy: number[];
  let ratios: number[];

  beforeAll(async () => {
    accuracy = Array.from({ length: steps }, () => 0);
    ratios = [...accuracy];
    const training: { image: Tensor }[] = [];
    for await (const { image } of batches(await fashionMnistSample('train'), 200, 1000))
      training.push({ image });
    for (const draw of draws) {
      const data = training.slice(draw / 200, draw / 200 + 3);
      const { graph } = await convert(await loadTrained(), { backend, registry, data });
      const meter = createMeter(graph, { registry, countings: [ecmtCounting] });
      const program = await backend.compile(graph, { registry, expose: meter.expose });
      for await (const batch of batches(await fashionMnistSample('test'), 125, images)) {
        const taps = meter.start(batch.labels.length);
        const { logits } = await program.run({ image: batch.image }, { timesteps: steps, taps });
        stepsOf(accumulateSteps(logits!)).forEach((sums, step) => {
          accuracy[step]! += countRight(sums, batch.labels) / images / draws.length;
        });
      }
      program.dispose();
      meter.report()[0]!.ratios.forEach((ratio, step) => {
        ratios[step]! += ratio / draws.length;
      });
    }
  }, 600_000);

  test('it is within a point of the trained network at T = 1, for 17 % of its energy', () => {
    expect(accuracy[0]).toBeGreaterThanOrEqual(0.897 - 0.01);
    expect(ratios[0]).toBeLessThanOrEqual(0.17);
  });

  test('it is within half a point at T = 2, for a quarter of its energy', () => {
    expect(accuracy[1]).toBeGreaterThanOrEqual(0.897 - 0.005);
    expect(ratios[1]).toBeLessThanOrEqual(0.25);
  });
});

describe.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))(
  'converted as the reference did, on 2000 training images (needs the Debian package dataset-fashion-mnist)',
  () => {
    let converted: Converted;
    let labels: number[];
    let program: Program;
    /** Logits of each step, `[T, N, 10]`. */
    let logits: Tensor;
    let spikes: ReadonlyMap<string, readonly number[]>;
    let energy: EnergyReport;

    beforeAll(async () => {
      const training = await openDataset('fashion-mnist', { split: 'train', stream: true });
      converted = await convertOn(training, 2000);
      const { graph } = converted;
      const meter = createMeter(graph, { registry, countings: [ecmtCounting] });
      program = await backend.compile(graph, { registry, expose: meter.expose });
      const layers = neuronLayers(graph, registry);
      const totals = new Map(
        layers.map(({ path }) => [path, Array.from({ length: timesteps }, () => 0)]),
      );
      labels = [];
      const data = new Float32Array(timesteps * images * 10);
      logits = { shape: [timesteps, images, 10], dtype: 'float32', data };
      for await (const batch of batches(await fashionMnistSample('test'), 125, images)) {
        const counts = spikeCounts(layers);
        const taps = [...counts.taps, ...meter.start(batch.labels.length)];
        const outputs = await program.run({ image: batch.image }, { timesteps, taps });
        stepsOf(outputs['logits']!).forEach((step, index) => {
          data.set(step.data, (index * images + labels.length) * 10);
        });
        for (const [path, perStep] of counts.read()) {
          perStep.forEach((count, step) => {
            totals.get(path)![step]! += count;
          });
        }
        labels.push(...batch.labels);
      }
      spikes = totals;
      [energy] = meter.report() as [EnergyReport];
    }, 600_000);

    test('it has the thresholds of the reference', () => {
      const recorded = golden.wide('thresholds');
      sites.forEach((site, index) => {
        const { positive, negative, levels } = neuronAt(converted, site);
        expectBases([positive, negative], recorded.slice(3 * index, 3 * index + 2));
        expect(levels).toBe(recorded[3 * index + 2]);
      });
    });

    test.each(Array.from({ length: timesteps }, (_, step) => step + 1))(
      'it is as accurate as the reference after %i timesteps, within 0.3 points',
      (after) => {
        const recorded = stepsOf(golden.tensor('snn.cumulative_logits'))[after - 1]!;
        const difference = countRight(sumsAfter(after), labels) - countRight(recorded, labels);
        expect(Math.abs(difference)).toBeLessThanOrEqual(3);
      },
    );

    test.each([2, 3, 4, 5, 6, 7, 8, 9, 10])(
      'its mean logits after %i timesteps differ by 0.02 on average at most',
      (after) => {
        const recorded = stepsOf(golden.tensor('snn.cumulative_logits'))[after - 1]!.data;
        const total = (sumsAfter(after).data as Float32Array).reduce(
          (sum, value, index) => sum + Math.abs(value - recorded[index]!) / after,
          0,
        );
        expect(total / recorded.length).toBeLessThanOrEqual(0.02);
      },
    );

    test('its neurons fire as often as those of the reference at every step, within 0.5 %', () => {
      const recorded = golden.wide('spikes.count');
      sites.forEach((site, index) => {
        spikes.get(neuronAt(converted, site).path)!.forEach((count, step) => {
          const wanted = recorded[index * timesteps + step]!;
          expect(Math.abs(count / wanted - 1)).toBeLessThan(0.005);
        });
      });
    });

    test('it does the synaptic operations of the reference, within 0.5 %', () => {
      const [perLayer, products] = [golden.wide('sop.linear'), golden.wide('sop.product')];
      const isLinear = new Set(
        converted.graph.nodes.filter(({ op }) => op === linear.id).map(({ id }) => id),
      );
      const found = { linear: 0, product: 0 };
      for (const { path, counts } of energy.layers) {
        found[isLinear.has(path) ? 'linear' : 'product'] += counts.ac;
      }
      const total = (values: readonly number[]): number =>
        values.filter((_, index) => index % 2 === 0).reduce((sum, value) => sum + value, 0);
      expect(Math.abs(found.linear / total(perLayer) - 1)).toBeLessThan(0.005);
      expect(Math.abs(found.product / total(products) - 1)).toBeLessThan(0.005);
      energy.steps.forEach(({ ac }, step) => {
        const wanted = perLayer[2 * step]! + products[2 * step]!;
        expect(Math.abs(ac / wanted - 1)).toBeLessThan(0.005);
        // The dense side is a count of products, so it is exact.
        const dense = (energy.baselinePicojoules / energy.profile.picojoules.mac) * images;
        expect(Math.round(dense)).toBe(perLayer[2 * step + 1]! + products[2 * step + 1]!);
      });
    });

    test('it costs the share of energy that the reference says, within 0.005', () => {
      golden.wide('energy.ratio').forEach((wanted, step) => {
        expect(Math.abs(energy.ratios[step]! - wanted)).toBeLessThan(0.005);
      });
    });

    test('a cutoff calibrated on training images halves the timesteps at a loss of half a point', async () => {
      const steps = 8;
      const whole = {
        ...logits,
        shape: [steps, images, 10],
        data: logits.data.slice(0, steps * images * 10),
      };
      const training = batches(await fashionMnistSample('train'), 125, 500);
      const statistics = await collectStatistics(program, labelled(training), { timesteps: steps });
      const policy = calibrateTopK(statistics, { epsilon: 0.02 });
      const [all, early] = [fixedTimestep(steps), policy].map((one) =>
        replayCutoff(whole, labels, one),
      );
      expect(all!.accuracy - early!.accuracy).toBeLessThanOrEqual(0.005);
      expect(early!.meanTimestep).toBeLessThanOrEqual(steps / 2);
    });

    /** The logits summed up to a step, `[N, 10]`. */
    function sumsAfter(after: number): Tensor {
      return stepsOf(accumulateSteps(logits))[after - 1]!;
    }
  },
);

async function* labelled(data: ReturnType<typeof batches>): AsyncGenerator<LabelledBatch> {
  for await (const { image, labels } of data) yield { inputs: { image }, labels };
}

function expectBases(got: readonly number[], wanted: readonly number[]): void {
  wanted.forEach((value, index) => {
    expect(Math.abs(got[index]! - value)).toBeLessThanOrEqual(1e-6);
  });
}
