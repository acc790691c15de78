import { cpuBackend } from '@spikeloom/backend-cpu';
import type { Tensor } from '@spikeloom/ir';
import { createBackend, type Observation } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { CountingDevice } from './counting-device.ts';
import {
  type ExampleNetwork,
  exampleNetworks,
  imageNetwork,
  registry,
  timesteps,
} from './example-networks.ts';
import { randomNetwork } from './random-network.ts';

async function bothSchedules(network: ExampleNetwork, backend = cpuBackend()) {
  const program = await backend.compile(network.graph, { registry });
  const { inputs } = network;
  try {
    return {
      step: await program.run(inputs, { timesteps, schedule: 'step' }),
      multi: await program.run(inputs, { timesteps, schedule: 'multi-step' }),
    };
  } finally {
    program.dispose();
  }
}

describe('the multi-step schedule gives exactly the numbers of the step schedule', () => {
  test.each(exampleNetworks)('for a network $name', async (network) => {
    const { step, multi } = await bothSchedules(network);
    expect(multi).toEqual(step);
    expect(Object.values(step).some(({ data }) => data.some((value) => value !== 0))).toBe(true);
  });

  test.each(Array.from({ length: 40 }, (_, seed) => randomNetwork(seed, { perSample: false })))(
    'for a network $name',
    async (network) => {
      const { step, multi } = await bothSchedules(network);
      expect(multi).toEqual(step);
    },
  );

  test('for one timestep', async () => {
    const { graph, inputs } = imageNetwork();
    const program = await cpuBackend().compile(graph, { registry });
    const options = { timesteps: 1 };
    expect(await program.run(inputs, { ...options, schedule: 'multi-step' })).toEqual(
      await program.run(inputs, options),
    );
  });

  test('for one sample', async () => {
    const { graph, inputs } = imageNetwork();
    const { data } = inputs['image'] as Tensor;
    const one = {
      image: { shape: [1, 2, 6, 6], dtype: 'float32', data: data.slice(0, 72) },
    } as const;
    const program = await cpuBackend().compile(graph, { registry });
    expect(await program.run(one, { timesteps, schedule: 'multi-step' })).toEqual(
      await program.run(one, { timesteps }),
    );
  });

  test('when only the operators of the IR are used', async () => {
    const { graph, inputs } = imageNetwork();
    const program = await cpuBackend().compile(graph, { registry, kernels: 'primitives' });
    expect(await program.run(inputs, { timesteps, schedule: 'multi-step' })).toEqual(
      await program.run(inputs, { timesteps }),
    );
  });
});

test('the same program can switch between schedules without one disturbing the other', async () => {
  const { graph, inputs } = imageNetwork();
  const program = await cpuBackend().compile(graph, { registry });
  const first = await program.run(inputs, { timesteps });
  await program.run(inputs, { timesteps, schedule: 'multi-step' });
  expect(await program.run(inputs, { timesteps })).toEqual(first);
});

test('taps see the same values at every step in both schedules', async () => {
  const { graph, inputs } = imageNetwork();
  const program = await cpuBackend().compile(graph, { registry, kernels: 'primitives' });
  const watch = async (schedule: 'step' | 'multi-step'): Promise<Observation[]> => {
    const seen: Observation[] = [];
    const observe = (observation: Observation): void => void seen.push(observation);
    const taps = [
      { at: 'hidden', observe },
      { at: 'hidden', countNonZero: { keep: [0] }, observe },
      { at: 'hidden.v', observe },
      { at: 'conv', observe },
      { at: 'image', observe },
    ];
    await program.run(inputs, { timesteps, schedule, taps });
    const keyOf = ({ at, step, value }: Observation): string =>
      `${at} ${value.shape.length} ${step}`;
    return seen.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  };
  const [step, multi] = [await watch('step'), await watch('multi-step')];
  expect(step).toHaveLength(5 * timesteps);
  expect(multi).toEqual(step);
  expect(step[0]!.samples).toEqual([0, 1, 2, 3, 4]);
});

describe('stretches without state run once for all timesteps', () => {
  test('so that kernels are called less often', async () => {
    const { graph, inputs } = imageNetwork();
    const device = new CountingDevice();
    const program = await createBackend(device).compile(graph, { registry });
    const callsOf = async (schedule: 'step' | 'multi-step'): Promise<Map<string, number>> => {
      device.calls.clear();
      await program.run(inputs, { timesteps, schedule });
      return new Map(device.calls);
    };
    const [step, multi] = [await callsOf('step'), await callsOf('multi-step')];
    expect(step.get('spikeloom/avg-pool2d')).toBe(timesteps);
    expect(multi.get('spikeloom/avg-pool2d')).toBe(1);
    expect(multi.get('spikeloom/matmul')).toBe(1);
    expect(multi.get('spikeloom/conv2d')).toBe(1);
    expect(multi.get('spikeloom/spike')).toBe(2 * timesteps);
    program.dispose();
  });

  test.each(exampleNetworks)('and leave nothing behind, for a network $name', async (network) => {
    const device = new CountingDevice();
    const program = await createBackend(device).compile(network.graph, { registry });
    const compiled = device.alive;
    const multi = await program.run(network.inputs, { timesteps, schedule: 'multi-step' });
    expect(device.alive).toBe(compiled);
    expect(multi).toEqual((await bothSchedules(network)).step);
    program.dispose();
    expect(device.alive).toBe(0);
  });
});
