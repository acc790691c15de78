import {
  countFixed,
  createMeter,
  ecmtCounting,
  type EnergyReport,
  fullCounting,
  priceOf,
} from '@spikeloom/energy';
import {
  anyReal,
  createBuilder,
  createRandom,
  createRegistry,
  defineOp,
  definePlugin,
  type Graph,
  linear,
  realType,
  takeRows,
  tensor,
  type ValueType,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { runUntil } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { measure } from './measure.ts';

const registry = createRegistry([neurons]);
const random = createRandom(23);
const samples = 6;
const x = tensor(
  Array.from({ length: samples * 5 }, () => 2 * random.normal()),
  [samples, 5],
);
const matrix = (rows: number, columns: number) =>
  tensor(
    Array.from({ length: rows * columns }, () => random.normal()),
    [rows, columns],
  );

/** Two layers of neurons and a readout. */
function network(): Graph {
  const b = createBuilder({ name: 'net' });
  let value = b.input('x', ['N', 5]);
  for (const [index, width] of [7, 6].entries()) {
    const weight = b.param(`w${index}`, [width, Number(value.type.shape[1])], {
      tensor: matrix(width, Number(value.type.shape[1])),
    });
    const current = b.apply(linear, { x: value, weight }, {}, `layer${index}`).out;
    value = b.apply(lif, { current }, { threshold: 0.5 }, `cell${index}`).spikes;
  }
  const weight = b.param('readout', [3, 6], { tensor: matrix(3, 6) });
  b.output('out', b.apply(linear, { x: value, weight }, {}, 'last').out);
  return b.build();
}

const graph = network();

describe.each(backends)('a meter on %s', (_, backend) => {
  test('adds up to the same total by sample, by step and by layer', async () => {
    const report = await measure(graph, { x }, { timesteps: 5, backend });
    const bySample = sum(report.perSample);
    const byStep = sum(report.steps.map((step) => priceOf(step, report.profile)));
    const byLayer = sum(report.layers.map(({ picojoules }) => picojoules));
    expect(byStep).toBeCloseTo(bySample, 6);
    expect(byLayer).toBeCloseTo(bySample, 6);
    expect(report.meanPicojoules.at(-1)! * samples).toBeCloseTo(bySample, 6);
    expect(report.steps.some(({ ac }) => ac > 0)).toBe(true);
  });

  test('charges each sample in a batch as if it had run alone', async () => {
    const together = await measure(graph, { x }, { timesteps: 4, backend });
    for (let sample = 0; sample < samples; sample++) {
      const alone = await measure(graph, { x: takeRows(x, [sample]) }, { timesteps: 4, backend });
      expectSame(together.perSample.subarray(sample * 4, sample * 4 + 4), alone.perSample);
    }
  });

  test.each([true, false])(
    'charges samples that stop early for their own steps (they leave the batch: %s)',
    async (compact) => {
      const whole = await measure(graph, { x }, { timesteps: 5, backend });
      const meter = createMeter(graph, { registry, countings: [fullCounting] });
      const program = await backend.compile(graph, { registry, expose: meter.expose });
      // Sample s stops after 1, 3 or 5 steps.
      const stops = [3, 1, 5, 1, 3, 5];
      const { timesteps } = await runUntil(
        program,
        { x },
        {
          timesteps: 5,
          compact,
          taps: meter.start(samples),
          exit: ({ step, samples: rows }) => rows.map((sample) => stops[sample] === step + 1),
        },
      );
      expect([...timesteps]).toEqual(stops);
      const [report] = meter.report();
      stops.forEach((stop, sample) => {
        const ran = compact ? stop : 5;
        const expected = [...whole.perSample.subarray(sample * 5, sample * 5 + 5)];
        expected.fill(0, ran);
        expectSame(report!.perSample.subarray(sample * 5, sample * 5 + 5), expected);
      });
    },
  );

  test('goes on over several runs, sample after sample', async () => {
    const whole = await measure(graph, { x }, { timesteps: 3, backend });
    const meter = createMeter(graph, { registry, countings: [fullCounting] });
    const program = await backend.compile(graph, { registry, expose: meter.expose });
    for (const rows of [[0, 1, 2, 3], [4], [5]]) {
      const taps = meter.start(rows.length);
      await program.run({ x: takeRows(x, rows) }, { timesteps: 3, taps });
    }
    const [report] = meter.report();
    expect(report!.samples).toBe(samples);
    expectSame(report!.perSample, whole.perSample);
    expect(report!.steps).toEqual(whole.steps);
  });

  test('sees neurons inside an operator, which then runs by its lowering', async () => {
    const { hidden, flat, known } = hiddenNeuron();
    const meter = createMeter(hidden, { registry: known, countings: [fullCounting] });
    expect(meter.expose).toEqual(['block.cell.spikes']);
    const [inside, outside] = await Promise.all(
      [hidden, flat].map((net) => measure(net, { x }, { timesteps: 4, backend, registry: known })),
    );
    expect(inside!.steps).toEqual(outside!.steps);
    expectSame(inside!.perSample, outside!.perSample);
    expect(inside!.layers.map(({ path }) => path)).toEqual(['block']);
  });

  test('applies several ways of counting in one run', async () => {
    const meter = createMeter(graph, { registry, countings: [ecmtCounting, fullCounting] });
    const program = await backend.compile(graph, { registry, expose: meter.expose });
    await program.run({ x }, { timesteps: 3, taps: meter.start(samples) });
    const [paper, full] = meter.report() as [EnergyReport, EnergyReport];
    expect([paper.counting.id, full.counting.id]).toEqual(['ecmt', 'full']);
    const alone = await measure(graph, { x }, { timesteps: 3, backend, countings: [ecmtCounting] });
    expectSame(paper.perSample, alone.perSample);
    // The paper's way counts the first layer, which reads real numbers, as additions too.
    expect(paper.steps[1]!.ac).toBeGreaterThan(full.steps[1]!.ac);
  });
});

test('a network without spikes is counted too', async () => {
  const b = createBuilder();
  const weight = b.param('w', [2, 5], { tensor: matrix(2, 5) });
  b.output('out', b.apply(linear, { x: b.input('x', ['N', 5]), weight }, {}, 'only').out);
  const plain = b.build();
  const report = await measure(plain, { x }, { timesteps: 2 });
  expect(report.steps.map(({ mac }) => mac)).toEqual([10 * samples, 0]);
  expect(countFixed(fullCounting.terms(plain, registry)).mac).toBe(10);
});

test('without a network to compare with there is no ratio', async () => {
  const report = await measure(graph, { x }, { timesteps: 2 });
  expect(report.baselinePicojoules).toBe(0);
  expect(report.ratios).toEqual([NaN, NaN]);
});

/** A neuron and a layer, once as one operator and once as two. */
function hiddenNeuron() {
  const block = defineOp({
    id: 'example/block',
    version: 1,
    summary: 'A neuron and a layer.',
    inputs: { x: anyReal, weight: anyReal },
    attributes: {},
    outputs: ({ x: given, weight }): { out: ValueType } => ({
      out: realType([given.shape[0]!, weight.shape[0]!]),
    }),
    lower(b, { x: given, weight }) {
      const { spikes } = b.apply(lif, { current: given }, {}, 'cell');
      return { out: b.apply(linear, { x: spikes, weight }, {}, 'layer').out };
    },
    examples: [],
  });
  const plugin = definePlugin({ id: 'example/plugin', apiVersion: 1, operators: [block] });
  const weights = matrix(4, 5);
  const build = (inside: boolean): Graph => {
    const b = createBuilder();
    const given = b.input('x', ['N', 5]);
    const weight = b.param('w', [4, 5], { tensor: weights });
    if (inside) {
      b.output('out', b.apply(block, { x: given, weight }, {}, 'block').out);
    } else {
      const { spikes } = b.apply(lif, { current: given }, {}, 'cell');
      b.output('out', b.apply(linear, { x: spikes, weight }, {}, 'layer').out);
    }
    return b.build();
  };
  return {
    hidden: build(true),
    flat: build(false),
    known: createRegistry([neurons, plugin]),
  };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function expectSame(got: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(got).toHaveLength(wanted.length);
  for (let index = 0; index < wanted.length; index++) {
    expect(got[index]).toBeCloseTo(wanted[index]!, 6);
  }
}
