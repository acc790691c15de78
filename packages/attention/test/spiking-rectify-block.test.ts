import { rectifyError, spikeTrain, spikingRectify } from '@spikeloom/attention';
import { createBuilder, type Tensor, tensor } from '@spikeloom/ir';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backPropagate } from './back-propagate.ts';
import { backends } from './backends.ts';
import { openGraphGolden, randomTrain, registry, runOperator } from './spiking-graph-run.ts';

const numbers = { absolute: 1e-5, relative: 1e-5 };
const [, cpu] = backends[0]!;

const cases = [
  ['srb_rate', 'rate', 0],
  ['srb_rate_bn', 'rate-norm', 0],
  ['srb_membrane_soft', 'membrane', null],
] as const;

describe.each(backends)('the recorded rectify blocks on %s', (_, backend) => {
  test.each(cases)('in inference: %s', async (file, mode, reset) => {
    const golden = openGraphGolden(file);
    const held = { timesteps: 4, held: true, reset };
    const current = golden.float('in.current');
    const { spikes, potential } = await runOperator(spikeTrain, { current }, held, backend);
    expect(spikes!.data).toEqual(golden.float('in.spikes').data);
    expectClose('potential', potential!, golden.float('in.v_last'), numbers);
    const inputs = { spikes: spikes!, ...extras(golden, mode, potential!) };
    const { z } = await runOperator(spikingRectify, inputs, { mode }, backend);
    expectClose('z', z!, golden.float('out.eval'), numbers);
  });

  test.each(cases)('in training: %s', async (file, mode) => {
    const golden = openGraphGolden(file);
    const b = createBuilder();
    const spikes = b.input('spikes', golden.tensor('in.spikes').shape);
    const others = Object.fromEntries(
      Object.entries(extras(golden, mode, golden.float('in.v_last'))).map(([name, given]) => [
        name,
        name === 'mean' || name === 'variance'
          ? b.buffer(name, given.shape, { tensor: given })
          : b.param(name, given.shape, { tensor: given }),
      ]),
    );
    b.output('z', b.apply(spikingRectify, { spikes, ...others }, { mode }, 'srb').z);
    const expected = golden.float('out.train');
    const train = golden.float('in.spikes');
    const run = await backPropagate(b.build(), {
      backend,
      registry,
      inputs: { spikes: { ...train, shape: [1, ...train.shape] } },
      upstream: { ...expected, shape: [1, ...expected.shape] },
    });
    expectClose('z', run.values.get('z')!, { ...expected, shape: [1, ...expected.shape] }, numbers);
    if (mode !== 'rate-norm') return;
    for (const [name, recorded] of [
      ['mean', 'bn.running_mean_after'],
      ['variance', 'bn.running_var_after'],
    ] as const)
      expectClose(name, run.statistics.get(name)!, golden.float(recorded), numbers);
  });
});

describe('a rectify block', () => {
  const current = tensor([0.9, -0.4, 0.2, 1.7, 0.55, 0.61], [3, 2]);

  test.each(['if', 'lif'] as const)(
    'by membranes gives back the current of %s neurons with soft reset',
    async (neuron) => {
      const attributes = { neuron, threshold: 0.5, reset: null, tau: 3 };
      const run = await fire(current, 5, attributes);
      const options = { mode: 'membrane', neuron, threshold: 0.5, tau: 3 };
      const { z } = await runOperator(spikingRectify, run, options, cpu);
      expectClose('z', z!, current, { absolute: 1e-6 });
      const { error } = await runOperator(rectifyError, { z: z!, current }, {}, cpu);
      expect(error!.data[0]).toBeLessThan(1e-6);
    },
  );

  test('by membranes gives the weighted mean of a current that changes', async () => {
    const shape = [4, 3, 2];
    const { data } = randomTrain(9, shape);
    const moving = tensor(
      Array.from(data, (spike, index) => spike * 0.8 - 0.1 * (index % 3)),
      shape,
    );
    const options = { neuron: 'lif', threshold: 0.3, tau: 2 } as const;
    const run = await runOperator(
      spikeTrain,
      { current: moving },
      { ...options, timesteps: 4, reset: null },
      cpu,
    );
    expect(run['spikes']!.data).toContain(1);
    const { spikes, potential } = run as Record<'potential' | 'spikes', Tensor>;
    const inputs = { spikes, potential };
    const { z } = await runOperator(spikingRectify, inputs, { mode: 'membrane', ...options }, cpu);
    const weighted = await runOperator(
      rectifyError,
      { z: z!, current: moving },
      { weights: 'membrane', neuron: 'lif', tau: 2 },
      cpu,
    );
    expect(weighted['error']!.data[0]).toBeLessThan(1e-6);
    const even = await runOperator(rectifyError, { z: z!, current: moving }, {}, cpu);
    expect(even['error']!.data[0]).toBeGreaterThan(0.01);
  });

  test('by membranes does not give it back with hard reset', async () => {
    const run = await fire(current, 5, { threshold: 0.5, reset: 0 });
    const { z } = await runOperator(spikingRectify, run, { mode: 'membrane', threshold: 0.5 }, cpu);
    const { error } = await runOperator(rectifyError, { z: z!, current }, {}, cpu);
    expect(error!.data[0]).toBeGreaterThan(0.1);
  });

  test('by rates has T + 1 levels', async () => {
    const spikes = randomTrain(5, [4, 20, 10]);
    const { z } = await runOperator(
      spikingRectify,
      { spikes },
      { mode: 'rate', threshold: 2 },
      cpu,
    );
    const levels = [...new Set([...z!.data].map((value) => Math.round(value * 1e5) / 1e5))];
    expect(levels.toSorted((a, b) => a - b)).toEqual([0, 0.5, 1, 1.5, 2]);
  });

  test('loses 60 % of a current of which it gives two fifths', async () => {
    const z = tensor([0.4, -0.8], [1, 2]);
    const given = { z, current: tensor([1, -2], [1, 2]) };
    const { error } = await runOperator(rectifyError, given, {}, cpu);
    expect(error!.data[0]).toBeCloseTo(0.6, 6);
    const nothing = { z: tensor([0, 0], [1, 2]), current: tensor([0, 0], [1, 2]) };
    expect((await runOperator(rectifyError, nothing, {}, cpu))['error']!.data[0]).toBe(0);
  });

  test.each([
    [{ mode: 'membrane' }, {}, 'missing-input'],
    [{ mode: 'rate-norm' }, {}, 'missing-input'],
    [{ mode: 'rate' }, { potential: [4, 4] }, 'shape-mismatch'],
  ] as const)('with %o and %o throws %s', (attributes, extra, code) => {
    const b = createBuilder();
    const spikes = b.input('spikes', [4, 'V', 3]);
    const others = Object.fromEntries(
      Object.entries(extra).map(([name, shape]) => [name, b.input(name, shape)]),
    );
    expect(() => b.apply(spikingRectify, { spikes, ...others }, attributes, 'srb')).toThrow(
      expect.objectContaining({ code, path: 'srb' }),
    );
  });

  test('cannot weigh timesteps of which it does not know the number', () => {
    const b = createBuilder();
    const [spikes, potential] = [b.input('spikes', ['T', 4, 3]), b.input('potential', [4, 3])];
    const membrane = { mode: 'membrane' } as const;
    expect(() => b.apply(spikingRectify, { spikes, potential }, membrane, 'srb')).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'srb' }),
    );
    expect(b.apply(spikingRectify, { spikes }, { mode: 'rate' }, 'rate').z.type.shape).toEqual([
      4, 3,
    ]);
  });
});

function extras(
  golden: ReturnType<typeof openGraphGolden>,
  mode: string,
  potential: Tensor,
): Record<string, Tensor> {
  if (mode === 'membrane') return { potential };
  if (mode === 'rate') return {};
  return {
    weight: golden.float('bn.weight'),
    bias: golden.float('bn.bias'),
    mean: golden.float('bn.running_mean'),
    variance: golden.float('bn.running_var'),
  };
}

async function fire(
  current: Tensor,
  timesteps: number,
  neuron: object,
): Promise<{ spikes: Tensor; potential: Tensor }> {
  const attributes = { timesteps, held: true, ...neuron };
  const run = await runOperator(spikeTrain, { current }, attributes, cpu);
  expect(run['spikes']!.data).toContain(1);
  return run as { spikes: Tensor; potential: Tensor };
}
