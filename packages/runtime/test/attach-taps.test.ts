import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  createBuilder,
  createRegistry,
  definePlugin,
  type Graph,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { type KernelCall, type Observation, single } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { registry } from './example-networks.ts';
import { thrownBy } from './thrown-by.ts';

function network(): Graph {
  const b = createBuilder({ name: 'net' });
  const x = b.input('x', ['N', 2]);
  const layer = b.scope('layer');
  const scaled = layer.mul(x, 2, 'scaled');
  const { spikes } = layer.apply(lif, { current: scaled }, { tau: 2 }, 'neuron');
  const total = b.state('total', { like: x });
  const sum = b.add(total, spikes, 'sum');
  b.write(total, sum);
  layer.exp(x, 'unused');
  b.output('sum', sum);
  return b.build();
}

/** A CPU kernel for LIF that keeps the membrane potential in a state, in place. */
const fastNeurons = definePlugin({
  id: 'test/fast-neurons',
  apiVersion: 1,
  kernels: [
    {
      op: lif.id,
      backend: 'cpu',
      run(call: KernelCall<unknown>) {
        const current = single(call, 'current') as Tensor;
        const v = call.state('v') as Tensor;
        const spikes = current.data.map((value, index) => {
          const charged = Math.fround(
            v.data[index]! + Math.fround(Math.fround(value - v.data[index]!) / 2),
          );
          const fires = Number(charged >= 1);
          v.data[index] = fires ? 0 : charged;
          return fires;
        });
        return { spikes: { ...current, data: spikes } };
      },
    },
  ],
});
const withKernels = createRegistry([neurons, fastNeurons]);

const x = tensor([0.3, 0.6, 0.9, 0.1], [2, 2]);

async function observe(
  at: string,
  options: { expose?: string[]; countNonZero?: { keep: number[] }; fast?: boolean } = {},
): Promise<Observation[]> {
  const { expose = [], countNonZero, fast = false } = options;
  const known = fast ? withKernels : registry;
  const program = await cpuBackend().compile(network(), { registry: known, expose });
  const seen: Observation[] = [];
  const look = { at, observe: (observation: Observation) => void seen.push(observation) };
  await program.run(
    { x },
    { timesteps: 3, taps: [countNonZero ? { ...look, countNonZero } : look] },
  );
  return seen;
}

describe('a tap', () => {
  test('sees a value of the graph at every step', async () => {
    const seen = await observe('layer.scaled');
    expect(seen.map(({ step }) => step)).toEqual([0, 1, 2]);
    for (const { at, value, samples } of seen) {
      expect(at).toBe('layer.scaled');
      expect([...value.data]).toEqual([...x.data].map((number) => Math.fround(2 * number)));
      expect(samples).toEqual([0, 1]);
    }
  });

  test('sees a state as it is after the step', async () => {
    const sums = await observe('total');
    const spikes = await observe('layer.neuron');
    let expected = new Float32Array(4);
    spikes.forEach(({ value }, step) => {
      expected = expected.map((sum, index) => sum + value.data[index]!);
      expect(sums[step]!.value.data).toEqual(expected);
    });
    expect(expected.some((sum) => sum > 0)).toBe(true);
  });

  test('sees a state inside an operator that runs by its lowering', async () => {
    const potentials = await observe('layer.neuron.v');
    expect([...potentials[0]!.value.data]).toEqual([0.3, 0.6, 0.9, 0.1].map(Math.fround));
  });

  test('sees a state inside an operator that runs by a kernel, in place', async () => {
    const kept = (seen: Observation[]) => seen.map(({ step, value }) => [step, [...value.data]]);
    expect(kept(await observe('layer.neuron.v', { fast: true }))).toEqual(
      kept(await observe('layer.neuron.v')),
    );
  });

  test('sees inputs, weights that were folded, and the same value as another tap', async () => {
    const b = createBuilder();
    const w = b.param('w', [2], { tensor: tensor([1, 2]) });
    b.output('y', b.add(b.input('x', ['N', 2]), b.mul(w, w, 'squared')));
    const program = await cpuBackend().compile(b.build(), { registry });
    const seen: string[] = [];
    const taps = ['x', 'w', 'squared', 'squared'].map((at) => ({
      at,
      observe: ({ value }: Observation) => void seen.push(`${at} ${value.data.join()}`),
    }));
    for (const schedule of ['step', 'multi-step'] as const) {
      seen.length = 0;
      await program.run({ x: tensor([5, 6], [1, 2]) }, { timesteps: 1, taps, schedule });
      expect(seen.toSorted()).toEqual(['squared 1,4', 'squared 1,4', 'w 1,2', 'x 5,6']);
    }
  });

  test('gets memory of its own', async () => {
    const program = await cpuBackend().compile(network(), { registry });
    const expected = await program.run({ x }, { timesteps: 3 });
    const spoil = ({ value }: Observation): void => void value.data.fill(100);
    const taps = ['x', 'layer.scaled', 'layer.neuron.v', 'total'].map((at) => ({
      at,
      observe: spoil,
    }));
    expect(await program.run({ x }, { timesteps: 3, taps })).toEqual(expected);
  });

  test('counts non-zero elements for the axes it keeps', async () => {
    const spikes = await observe('layer.neuron');
    const perSample = await observe('layer.neuron', { countNonZero: { keep: [0] } });
    const all = await observe('layer.neuron', { countNonZero: { keep: [] } });
    spikes.forEach(({ value: { data } }, step) => {
      const counts = [data[0]! + data[1]!, data[2]! + data[3]!] as const;
      expect(perSample[step]!.value).toEqual(tensor(counts));
      expect(all[step]!.value).toEqual(tensor([counts[0] + counts[1]], []));
    });
  });
});

describe('expose', () => {
  test('lets a tap look at values inside an operator that has a kernel', async () => {
    expect((await thrownBy(() => observe('layer.neuron.charged', { fast: true }))).fix).toBe(
      'compile with { expose: ["layer.neuron.charged"] } to run the operator around it by its lowering',
    );
    const expose = ['layer.neuron.charged'];
    const seen = await observe('layer.neuron.charged', { fast: true, expose });
    expect([...seen[0]!.value.data]).toEqual([0.3, 0.6, 0.9, 0.1].map(Math.fround));
  });

  test('lowers only the operators around what it names', async () => {
    const b = createBuilder();
    const current = b.input('x', ['N', 2]);
    for (const name of ['a', 'ab']) b.output(name, b.apply(lif, { current }, {}, name).spikes);
    const program = await cpuBackend().compile(b.build(), {
      registry: withKernels,
      expose: ['a.charged'],
    });
    expect(program.operators.get(lif.id)).toBe(1);
  });
});

describe('a tap that names', () => {
  test.each([
    ['nothing there is', 'layer.typo', 'look at printGraph(graph) for the paths there are'],
    ['a scope', 'layer', 'look at printGraph(graph) for the paths there are'],
    [
      'what nothing depends on',
      'layer.unused',
      'nothing depends on it; make it an output of the graph',
    ],
    [
      'what an operator does not have inside',
      'layer.neuron.typo',
      'compile with { expose: ["layer.neuron.typo"] } to run the operator around it by its lowering',
    ],
  ])('%s is refused before anything runs', async (_, at, fix) => {
    const program = await cpuBackend().compile(network(), { registry });
    const expected = { code: 'not-observable', path: at, fix };
    const taps = [{ at, observe: () => undefined }];
    for (const schedule of ['step', 'multi-step'] as const) {
      const options = { timesteps: 1, taps, schedule };
      expect(await thrownBy(() => program.run({ x }, options))).toMatchObject(expected);
    }
    expect(await thrownBy(() => program.open({ x }, { taps }))).toMatchObject(expected);
  });
});
