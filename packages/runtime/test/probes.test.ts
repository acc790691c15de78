import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, type Graph, tensor } from '@spikeloom/ir';
import { lif, multiThreshold } from '@spikeloom/neurons';
import { firingRates, neuronLayers, spikeCounts, stackSteps, traces } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { registry } from './example-networks.ts';
import { thrownBy } from './thrown-by.ts';

function network(): Graph {
  const b = createBuilder();
  const x = b.input('x', ['N', 2]);
  const input = b.input('events', ['N', 2], { signal: { kind: 'spike' } });
  const { spikes } = b.scope('blocks.0').apply(lif, { current: x }, { tau: 1 }, 'neuron');
  const turned = b.reshape(spikes, ['N', 2, 1], 'turned');
  const attributes = { positive: 1, negative: 1, levels: 2 };
  const levels = b
    .scope('blocks.1')
    .apply(multiThreshold, { current: turned }, attributes, 'neuron').spikes;
  b.output('out', b.add(b.sum(levels, [2]), input));
  b.output('mask', b.greater(x, 0, 'mask'));
  return b.build();
}

// With tau 1 a neuron fires exactly where its current reaches 1.
const inputs = {
  x: [
    tensor([1, 0, 1, 1], [2, 2]),
    tensor([0, 0, 0, 0], [2, 2]),
    tensor([1, 1, 1, 1], [2, 2]),
    tensor([0, 0, 0, 1], [2, 2]),
  ],
  events: tensor([0, 0, 0, 0], [2, 2]),
};
const timesteps = 4;
const compile = () => cpuBackend().compile(network(), { registry });

describe('neuronLayers', () => {
  test('finds what makes spikes, not what passes them on, compares, or comes from outside', () => {
    expect(neuronLayers(network(), registry).map(({ path }) => path)).toEqual([
      'blocks.0.neuron',
      'blocks.1.neuron',
    ]);
  });

  test('counts the neurons of a sample', () => {
    expect(neuronLayers(network(), registry).map(({ neurons }) => neurons)).toEqual([2, 2]);
  });

  test.each([
    ['blocks.1.*', ['blocks.1.neuron']],
    ['*.neuron', ['blocks.0.neuron', 'blocks.1.neuron']],
    ['blocks.0.neuron', ['blocks.0.neuron']],
    ['blocks*0*', ['blocks.0.neuron']],
    ['neuron', []],
    ['blocks.?.neuron', []],
    ['blocks[.]0.neuron', []],
  ])('looks only at paths of the form %s', (pattern, paths) => {
    expect(neuronLayers(network(), registry, pattern).map(({ path }) => path)).toEqual(paths);
  });
});

describe.each(['step', 'multi-step'] as const)('with schedule %s', (schedule) => {
  test('spikeCounts sums the spikes of a batch at every step', async () => {
    const probe = spikeCounts(neuronLayers(network(), registry));
    await (await compile()).run(inputs, { timesteps, taps: probe.taps, schedule });
    expect(Object.fromEntries(probe.read())).toEqual({
      'blocks.0.neuron': [3, 0, 4, 1],
      'blocks.1.neuron': [3, 0, 4, 1],
    });
  });

  test('firingRates gives spikes per neuron and sample', async () => {
    const probe = firingRates(neuronLayers(network(), registry, 'blocks.0.*'));
    await (await compile()).run(inputs, { timesteps, taps: probe.taps, schedule });
    expect([...probe.read()]).toEqual([['blocks.0.neuron', [0.75, 0, 1, 0.25]]]);
  });

  test('traces keeps values and membrane potentials over time', async () => {
    const probe = traces(['blocks.0.neuron', 'blocks.0.neuron.v', 'x']);
    const program = await compile();
    await program.run(inputs, { timesteps, taps: probe.taps, schedule });
    const seen = probe.read();
    expect(seen.get('x')).toEqual(stackSteps(inputs.x));
    expect(seen.get('blocks.0.neuron')).toEqual(stackSteps(inputs.x));
    expect(seen.get('blocks.0.neuron.v')!.shape).toEqual([4, 2, 2]);
  });
});

test('a probe that is used again counts the last run', async () => {
  const probe = spikeCounts(neuronLayers(network(), registry, 'blocks.0.*'));
  const program = await compile();
  await program.run(inputs, { timesteps, taps: probe.taps });
  await program.run({ ...inputs, x: inputs.x.toReversed() }, { timesteps, taps: probe.taps });
  expect([...probe.read().values()]).toEqual([[1, 4, 0, 3]]);
});

test('rates are per remaining sample when samples leave', async () => {
  const probe = firingRates(neuronLayers(network(), registry, 'blocks.0.*'));
  const program = await compile();
  for await (const { step, keep } of program.steps(inputs, { timesteps, taps: probe.taps })) {
    if (step === 0) keep([1]);
  }
  expect([...probe.read().values()]).toEqual([[0.75, 0, 1, 0.5]]);
});

describe('traces', () => {
  test('without a run are an error that says what to do', async () => {
    const error = await thrownBy(() => traces(['x']).read());
    expect(error).toMatchObject({ code: 'invalid-argument', path: 'x' });
    expect(error.fix).toContain('run()');
  });

  test('of a batch that shrinks cannot be stacked', async () => {
    const probe = traces(['x']);
    const program = await compile();
    for await (const { keep } of program.steps(inputs, { timesteps: 2, taps: probe.taps }))
      keep([0]);
    expect(await thrownBy(() => probe.read())).toMatchObject({
      code: 'invalid-argument',
      path: 'x',
    });
  });
});

test('an observer that throws stops the run with its error', async () => {
  const program = await compile();
  const bug = new TypeError('a bug in the observer');
  const taps = [
    {
      at: 'x',
      observe: (): void => {
        throw bug;
      },
    },
  ];
  for (const schedule of ['step', 'multi-step'] as const) {
    await expect(program.run(inputs, { timesteps, taps, schedule })).rejects.toBe(bug);
  }
});
