import { calibrate, type Converted, type ReportEntry } from '@spikeloom/conversion';
import { rewrite, type Tensor, valueTypes } from '@spikeloom/ir';
import { multiThreshold } from '@spikeloom/neurons';
import { accumulateSteps, traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { stepsOf } from './golden.ts';
import { countLevels, levelOf } from './spike-levels.ts';
import {
  convertTiny,
  golden,
  image,
  moduleFor,
  registry,
  sites,
  sourceFor,
  trained,
  variants,
} from './tiny-vit.ts';

const timesteps = 8;
const names = ['v0', 'v1', 'v2'] as const;
type Neuron = Extract<ReportEntry, { kind: 'neuron' }>;

describe.each(backends)('the tiny ViT of the reference on %s', (_, backend) => {
  const converted = new Map<string, Converted>();
  beforeAll(async () => {
    for (const name of names) converted.set(name, await convertTiny(backend, variants[name]));
  });

  test('before conversion has the logits and the activations at every site', async () => {
    const program = await backend.compile(trained(), { registry });
    const seen = traces(sites.map(sourceFor));
    const { logits } = await program.run({ image }, { timesteps: 1, taps: seen.taps });
    const [only] = stepsOf(logits!);
    expectClose('logits', only!, golden.tensor('ann.logits'), { absolute: 1e-4 });
    for (const site of sites) {
      const [value] = stepsOf(seen.read().get(sourceFor(site))!);
      expectClose(site, value!, golden.tensor(`ann.site.${site}`), { absolute: 1e-4 });
    }
  });

  test('has the bases of the reference after every batch of calibration', async () => {
    for (let count = 1; count <= 3; count++) {
      const data = Array.from({ length: count }, (_value, index) => ({
        image: golden.tensor(`calib.images${index}`),
      }));
      const bases = await calibrate(trained(), sites.map(sourceFor), { backend, registry, data });
      for (const site of sites) {
        const recorded = golden.tensor(`calib.scale.${site}`).data.slice(2 * count - 2, 2 * count);
        const { positive, negative } = bases.get(sourceFor(site))!;
        // The percentile is exact; what it is taken of carries the rounding of all layers before it.
        expect(Math.abs(positive - recorded[0]!)).toBeLessThan(1e-5);
        expect(Math.abs(negative - recorded[1]!)).toBeLessThan(1e-5);
      }
    }
  });

  test.each(names)('%s has the thresholds of the reference', (name) => {
    const recorded = golden.wide(`${name}.thresholds`);
    sites.forEach((site, index) => {
      const { positive, negative, levels } = neuronAt(converted.get(name)!, site);
      expectBases([positive, negative], recorded.slice(3 * index, 3 * index + 2));
      expect(levels).toBe(recorded[3 * index + 2]);
    });
  });

  test.each(['all', 'primitives'] as const)(
    'fed with the recorded spikes, has the recorded output of every module (kernels: %s)',
    async (kernels) => {
      const { graph } = converted.get('v0')!;
      const types = valueTypes(graph);
      const recorded: Record<string, Tensor[]> = {};
      const siteOf = new Map(sites.map((site) => [neuronPath(site), site]));
      // Every neuron is computed, but what comes after it reads the recorded spikes.
      const { graph: forced } = rewrite(graph, registry, {
        replace: ({ node, op, inputs, builder }) => {
          if (node.op !== multiThreshold.id) return undefined;
          builder.output(node.id, builder.apply(op, inputs, node.attributes, node.id)['spikes']!);
          const name = `recorded.${node.id}`;
          recorded[name] = stepsOf(golden.tensor(`v0.site.${siteOf.get(node.id)}`));
          const { shape, signal } = types.get(node.id)!;
          return { spikes: builder.input(name, shape, { signal }) };
        },
      });
      expect(Object.keys(recorded)).toHaveLength(sites.length);
      const modules = golden.names.flatMap((name) => /^v0\.ecm\.(.*)$/.exec(name)?.[1] ?? []);
      expect(modules).toHaveLength(7);
      const program = await backend.compile(forced, { registry, kernels });
      const seen = traces(modules.map(moduleFor));
      const inputs = { image, ...recorded };
      const outputs = await program.run(inputs, { timesteps, taps: seen.taps });
      for (const module of modules) {
        const value = seen.read().get(moduleFor(module))!;
        expectClose(module, value, golden.tensor(`v0.ecm.${module}`), { absolute: 1e-4 });
      }
      const share = agreement(converted.get('v0')!, (site) => outputs[neuronPath(site)]!);
      expect(share).toBeGreaterThanOrEqual(0.999);
      const sums = accumulateSteps(outputs['logits']!);
      expectClose('logits', sums, golden.tensor('v0.snn.cumulative_logits'), { absolute: 1e-4 });
    },
  );

  test.each(names)(
    '%s, running freely, has the spikes and logits of the reference',
    async (name) => {
      const { graph } = converted.get(name)!;
      const program = await backend.compile(graph, { registry });
      const spikes = traces(sites.map(neuronPath));
      const { logits } = await program.run({ image }, { timesteps, taps: spikes.taps });
      const seen = spikes.read();

      const expected = golden.wide(`${name}.spikes.per_threshold`);
      const totalRecorded = golden
        .wide(`${name}.spikes.count`)
        .reduce((sum, count) => sum + count, 0);
      const slots = expected.length / (sites.length * timesteps);
      const agrees = Array.from({ length: timesteps }, () => true);
      let total = 0;
      sites.forEach((site, index) => {
        const neuron = neuronAt(converted.get(name)!, site);
        stepsOf(seen.get(neuron.path)!).forEach(({ data }, step) => {
          const counts = countLevels(data, neuron);
          total += counts.reduce((sum, count) => sum + count, 0);
          const from = (index * timesteps + step) * slots;
          agrees[step] &&= counts.join() === expected.slice(from, from + counts.length).join();
        });
      });
      expect(Math.abs(total / totalRecorded - 1)).toBeLessThan(0.001);

      // One flipped spike changes all that follows, so logits are compared up to the first of them.
      const flip = agrees.indexOf(false);
      const compared = flip < 0 ? timesteps : flip;
      expect(compared).toBeGreaterThanOrEqual(1);
      const [got, want] = [
        accumulateSteps(logits!),
        golden.tensor(`${name}.snn.cumulative_logits`),
      ];
      for (let step = 0; step < compared; step++) {
        const [ours, theirs] = [stepsOf(got)[step]!, stepsOf(want)[step]!];
        expectClose(`logits at T = ${step + 1}`, ours, theirs, { absolute: 2e-3 });
      }
    },
  );

  test('running freely, has at least 99.9 % of the recorded spikes', async () => {
    const program = await backend.compile(converted.get('v0')!.graph, { registry });
    const spikes = traces(sites.map(neuronPath));
    await program.run({ image }, { timesteps, taps: spikes.taps });
    const seen = spikes.read();
    const share = agreement(converted.get('v0')!, (site) => seen.get(neuronPath(site))!);
    expect(share).toBeGreaterThanOrEqual(0.999);
  });
});

function neuronPath(site: string): string {
  return `${sourceFor(site)}.neuron`;
}

function neuronAt({ report }: Converted, site: string): Neuron {
  return report.entries.find(
    (entry): entry is Neuron => entry.kind === 'neuron' && entry.path === neuronPath(site),
  )!;
}

/** The share of all neurons and steps with the spike that was recorded, or silent as it was. */
function agreement(converted: Converted, spikesOf: (site: string) => Tensor): number {
  let [same, all] = [0, 0];
  for (const site of sites) {
    const neuron = neuronAt(converted, site);
    const recorded = golden.tensor(`v0.site.${site}`).data;
    spikesOf(site).data.forEach((spike, index) => {
      all += 1;
      same += Number(levelOf(spike, neuron) === levelOf(recorded[index]!, neuron));
    });
  }
  return same / all;
}

/** To 1e-6, of the value where that is above 1. */
function expectBases(got: readonly number[], wanted: readonly number[]): void {
  wanted.forEach((value, index) => {
    expect(Math.abs(got[index]! - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, value));
  });
}
