import { type Counts, createMeter, fullCounting, noCounts } from '@spikeloom/energy';
import {
  type Builder,
  createBuilder,
  createRegistry,
  type Graph,
  graphToJson,
  linear,
  softmax,
  tensor,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { integrateAndFire, lif, neurons } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { measure } from './measure.ts';

const counts = (some: Partial<Counts>): Counts => ({ ...noCounts(), ...some });

function build(define: (b: Builder) => Value): Graph {
  const b = createBuilder({ name: 'net' });
  b.output('out', define(b));
  return b.build();
}

function dense(b: Builder, name: string, x: Value, outputs: number): Value {
  const shape = [outputs, Number(x.type.shape.at(-1))] as const;
  const weight = b.param(`${name}.weight`, shape, {
    tensor: tensor(new Float32Array(shape[0] * shape[1]).fill(1), shape),
  });
  const bias = b.param(`${name}.bias`, [outputs], { tensor: tensor(new Float32Array(outputs)) });
  return b.apply(linear, { x, weight, bias }, {}, name).out;
}

/** Neurons that fire wherever their input is at least 1, at every step. */
const spikesOf = (b: Builder, x: Value, name = 'cell'): Value =>
  b.apply(integrateAndFire, { current: x }, { reset: 0 }, name).spikes;
/** What such a neuron does in a step; the additions are v + x, h - threshold and 1 - spikes. */
const perNeuron = { add: 3, multiply: 1, compare: 1, stateRead: 1, stateWrite: 1 };
const neuronWork = (neurons_: number): Partial<Counts> =>
  Object.fromEntries(Object.entries(perNeuron).map(([name, count]) => [name, count * neurons_]));

describe.each(backends)('counting every operation on %s', (_, backend) => {
  const stepsOf = async (graph: Graph, inputs: Record<string, Tensor | Tensor[]>, timesteps = 2) =>
    (await measure(graph, inputs, { timesteps, backend })).steps;

  test('a layer on constant real numbers costs multiply-accumulates, once per run', async () => {
    const graph = build((b) => dense(b, 'layer', b.input('x', ['N', 3]), 2));
    const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
    // 3 * 2 products and 2 biases for each of two samples.
    expect(await stepsOf(graph, { x })).toEqual([counts({ mac: 12, add: 4 }), counts({})]);
  });

  test('a leaky neuron costs what its equation says, at every step', async () => {
    const graph = build(
      (b) => b.apply(lif, { current: b.input('x', ['N', 5]) }, {}, 'cell').spikes,
    );
    const once = counts({
      // I - v, v + …, h - threshold, 1 - spikes.
      add: 4 * 5,
      divide: 5,
      multiply: 5,
      compare: 5,
      stateRead: 5,
      stateWrite: 5,
    });
    expect(await stepsOf(graph, { x: tensor([1, 2, 3, 4, 5], [1, 5]) })).toEqual([once, once]);
  });

  test('a layer after neurons costs one addition for each spike and output', async () => {
    const graph = build((b) => dense(b, 'layer', spikesOf(b, b.input('x', ['N', 4])), 3));
    const x = tensor([1, 0, 1, 1, 0, 0, 1, 0], [2, 4]);
    // 4 spikes in both samples together, at every step.
    const step = counts({ ...neuronWork(8), ac: 4 * 3, add: 8 * 3 + 6 });
    expect(await stepsOf(graph, { x })).toEqual([step, step]);
  });

  test('each sample is charged for its own spikes', async () => {
    const graph = build((b) => dense(b, 'layer', spikesOf(b, b.input('x', ['N', 4])), 3));
    const x = tensor([1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0], [3, 4]);
    const { perSample, profile } = await measure(graph, { x }, { timesteps: 1, backend });
    const [all, none, one] = perSample;
    expect(all! - none!).toBeCloseTo(12 * profile.picojoules.ac, 9);
    expect(one! - none!).toBeCloseTo(3 * profile.picojoules.ac, 9);
  });

  test('a layer over tokens charges each sample for the spikes of its tokens', async () => {
    const graph = build((b) => dense(b, 'layer', spikesOf(b, b.input('x', ['N', 2, 3])), 5));
    const x = tensor([1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1], [2, 2, 3]);
    const { layers, perSample, profile } = await measure(graph, { x }, { timesteps: 1, backend });
    expect(layers.find(({ path }) => path === 'layer')!.counts.ac).toBe(4 * 5);
    expect(perSample[0]! - perSample[1]!).toBeCloseTo(2 * 5 * profile.picojoules.ac, 9);
  });

  test('a product of two spike trains costs one addition for each pair that meets', async () => {
    const graph = build((b) => {
      const left = spikesOf(b, b.input('q', ['N', 2, 3]), 'left');
      const right = spikesOf(b, b.input('k', ['N', 2, 3]), 'right');
      return b.matmul(left, right, { transposeB: true }, 'scores');
    });
    const q = tensor([1, 1, 0, 1, 0, 0], [1, 2, 3]);
    const k = tensor([1, 0, 1, 1, 1, 0], [1, 2, 3]);
    // Spikes by column: 2, 1, 0 in q and 2, 1, 1 in k, which makes 2 * 2 + 1 * 1 + 0 * 1.
    const step = counts({ ...neuronWork(12), ac: 5 });
    expect(await stepsOf(graph, { q, k })).toEqual([step, step]);
  });

  test('a product of two spike trains, element by element, is a gate', async () => {
    const graph = build((b) => {
      const left = spikesOf(b, b.input('q', ['N', 3]), 'left');
      const right = spikesOf(b, b.input('k', ['N', 3]), 'right');
      return b.mul(left, right, 'gate');
    });
    const [q, k] = [tensor([1, 1, 0], [1, 3]), tensor([0, 1, 1], [1, 3])];
    const [step] = await stepsOf(graph, { q, k });
    const neuronsOnly = counts(neuronWork(6));
    expect(step).toEqual({ ...neuronsOnly, compare: neuronsOnly.compare + 3 });
  });

  test('a product of spikes and a sum of spikes costs nothing while the sum is zero', async () => {
    const graph = build((b) => {
      const spikes = spikesOf(b, b.input('x', ['N', 2, 2]));
      const sum = b.state('sum', { like: spikes });
      const product = b.matmul(spikes, sum, {}, 'product');
      b.write(sum, b.add(sum, spikes));
      return product;
    });
    const x = tensor([1, 0, 1, 0], [1, 2, 2]);
    const steps = await stepsOf(graph, { x }, 3);
    expect(steps.map(({ ac }) => ac)).toEqual([0, 4, 4]);
  });

  test('a spike at the border of an image reaches fewer outputs of a convolution', async () => {
    const graph = build((b) => {
      const weight = b.param('w', [2, 1, 3, 3], {
        tensor: tensor(new Float32Array(18), [2, 1, 3, 3]),
      });
      const spikes = spikesOf(b, b.input('x', ['N', 1, 3, 3]));
      return b.conv2d({ x: spikes, weight }, { padding: [1, 1, 1, 1] }, 'conv');
    });
    const at = async (...pixels: number[]): Promise<number> => {
      const data = new Float32Array(9);
      for (const pixel of pixels) data[pixel] = 1;
      return (await stepsOf(graph, { x: tensor(data, [1, 1, 3, 3]) }, 1))[0]!.ac;
    };
    // Two filters; a corner lies in 4 windows, an edge in 6, the centre in 9.
    expect([await at(0), await at(1), await at(4), await at(0, 1, 4)]).toEqual([8, 12, 18, 38]);
  });

  test('a convolution that skips pixels does not charge for them', async () => {
    const graph = build((b) => {
      const weight = b.param('w', [1, 1, 1, 1], { tensor: tensor([1], [1, 1, 1, 1]) });
      const spikes = spikesOf(b, b.input('x', ['N', 1, 2, 4]));
      return b.conv2d({ x: spikes, weight }, { stride: [2, 2] }, 'conv');
    });
    const x = tensor(new Float32Array(16).fill(1), [2, 1, 2, 4]);
    expect((await stepsOf(graph, { x }, 1))[0]!.ac).toBe(2 * 2);
  });

  test('spikes that come from outside are new at every step', async () => {
    const graph = build((b) =>
      dense(b, 'layer', b.input('x', ['N', 4], { signal: { kind: 'spike' } }), 3),
    );
    const x = [tensor([1, 0, 0, 0], [1, 4]), tensor([1, 1, 1, 0], [1, 4])];
    const steps = await stepsOf(graph, { x });
    expect(steps.map(({ ac, add }) => [ac, add])).toEqual([
      [3, 3],
      [9, 3],
    ]);
  });
});

test('a soft-max of something that moves costs its exponentials, sums and divisions', async () => {
  const graph = build((b) => {
    const spikes = spikesOf(b, b.input('x', ['N', 4]));
    return b.apply(softmax, { x: spikes }, { axis: -1 }, 'softmax').out;
  });
  const { layers } = await measure(graph, { x: tensor([1, 0, 0, 0], [1, 4]) }, { timesteps: 1 });
  // Per element a comparison for the largest, x - m, e^…, a term of the sum and a division.
  expect(layers.find(({ path }) => path === 'softmax')!.counts).toEqual(
    counts({ compare: 4, add: 8, special: 4, divide: 4 }),
  );
});

test('the baseline is the whole network it is compared with', async () => {
  const source = build((b) => dense(b, 'layer', b.input('x', ['N', 4]), 3));
  const spiking = build((b) => dense(b, 'layer', spikesOf(b, b.input('x', ['N', 4])), 3));
  const x = tensor([1, 0, 1, 1], [1, 4]);
  const report = await measure(spiking, { x }, { timesteps: 2, source });
  const { mac, add, ac, multiply, compare } = report.profile.picojoules;
  expect(report.baselinePicojoules).toBeCloseTo(12 * mac + 3 * add, 9);
  const step = 9 * ac + (4 * 3 + 3) * add + 4 * multiply + 4 * compare;
  expect(report.meanPicojoules[0]).toBeCloseTo(step, 9);
  expect(report.meanPicojoules[1]).toBeCloseTo(2 * step, 9);
  expect(report.ratios[1]).toBeCloseTo((2 * step) / report.baselinePicojoules, 12);
});

test('counting leaves the graph as it was', () => {
  const graph = build((b) => dense(b, 'layer', spikesOf(b, b.input('x', ['N', 4])), 3));
  const [before, weights] = [graphToJson(graph), new Map(graph.weights)];
  const registry = createRegistry([neurons]);
  createMeter(graph, { registry, countings: [fullCounting] }).start(1);
  expect(graphToJson(graph)).toEqual(before);
  expect(graph.weights).toEqual(weights);
});

test('a size that is only known when the graph runs is refused, naming the value', () => {
  const graph = build((b) => spikesOf(b, b.input('x', ['N', 'M'])));
  expect(() => fullCounting.terms(graph, createRegistry([neurons]))).toThrow(
    expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('"M"') }),
  );
});
