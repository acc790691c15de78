import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, type Graph, takeRows, type Tensor, tensor } from '@spikeloom/ir';
import { createBackend, type Program, type Step } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { CountingDevice } from './counting-device.ts';
import {
  clockedNetwork,
  type ExampleNetwork,
  imageNetwork,
  passingNetwork,
  recurrentNetwork,
  registry,
  timesteps,
} from './example-networks.ts';
import { randomNetwork } from './random-network.ts';
import { thrownBy } from './thrown-by.ts';

/** Which rows stay after each step, as positions in the batch of that step. */
const schedule: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4],
  [4, 1, 2],
  [0, 2],
  [1, 0],
  [1],
  [0],
];

/** The rows of an output that belong to samples, where it has a batch axis. */
function rowsOf(program: Program, name: string, full: Tensor, samples: readonly number[]): Tensor {
  const axis = program.outputs.get(name)!.shape.indexOf('N');
  return axis < 0 ? full : takeRows(full, samples, axis);
}

async function expectExact(network: ExampleNetwork, backend = cpuBackend()): Promise<void> {
  const program = await backend.compile(network.graph, { registry });
  const full: Step[] = [];
  for await (const step of program.steps(network.inputs, { timesteps })) full.push(step);
  let expected = [0, 1, 2, 3, 4];
  for await (const { step, outputs, samples, keep } of program.steps(network.inputs, {
    timesteps,
  })) {
    expect(samples).toEqual(expected);
    for (const [name, output] of Object.entries(outputs)) {
      const wanted = rowsOf(program, name, full[step]!.outputs[name]!, samples);
      expect(output, `${name} at step ${step}`).toEqual(wanted);
    }
    keep(schedule[step]!);
    expected = schedule[step]!.map((row) => samples[row]!);
  }
  program.dispose();
}

describe('samples that stay get exactly the numbers of the whole batch', () => {
  test.each([imageNetwork(), recurrentNetwork(), clockedNetwork(), passingNetwork()])(
    'in a network $name',
    async (network) => expectExact(network),
  );

  test.each(
    Array.from({ length: 25 }, (_, seed) => randomNetwork(500 + seed, { perSample: true })),
  )('in a network $name', async (network) => expectExact(network));

  test('whatever the device', async () => {
    const device = new CountingDevice();
    await expectExact(recurrentNetwork(), createBackend(device));
    expect(device.alive).toBe(0);
  });
});

/** `y = x + v` with a state of shape `[2, N]`, so that the batch is the second axis. */
function turned(): Graph {
  const b = createBuilder();
  const x = b.input('x', [2, 'N']);
  const v = b.state('v', { like: x });
  const y = b.add(x, v, 'y');
  b.write(v, y);
  b.output('y', y);
  return b.build();
}

describe('keep', () => {
  const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

  test('follows the batch wherever its axis is', async () => {
    const program = await cpuBackend().compile(turned(), { registry });
    const rows: number[][] = [];
    for await (const { step, outputs, keep } of program.steps({ x }, { timesteps: 3 })) {
      rows.push([...outputs['y']!.data]);
      if (step < 2) keep(step === 0 ? [2, 0] : [1]);
    }
    expect(rows).toEqual([
      [1, 2, 3, 4, 5, 6],
      [6, 2, 12, 8],
      [3, 12],
    ]);
  });

  test('may put samples into another order, also for inputs that are given anew', async () => {
    const program = await cpuBackend().compile(turned(), { registry });
    const later = tensor([10, 20, 30, 40, 50, 60], [2, 3]);
    const seen: { samples: readonly number[]; y: number[] }[] = [];
    for await (const { outputs, samples, keep } of program.steps(
      { x: [x, later] },
      { timesteps: 2 },
    )) {
      seen.push({ samples, y: [...outputs['y']!.data] });
      keep([2, 0, 1]);
    }
    expect(seen[1]).toEqual({ samples: [2, 0, 1], y: [33, 11, 22, 66, 44, 55] });
  });

  test('ends the run when nobody stays', async () => {
    const program = await cpuBackend().compile(turned(), { registry });
    let count = 0;
    for await (const { keep } of program.steps({ x }, { timesteps: 10 })) {
      count += 1;
      if (count === 3) keep([]);
    }
    expect(count).toBe(3);
  });

  test.each([[[3]], [[-1]], [[0.5]], [[0, 0]], [[Number.NaN]]])(
    'refuses rows %j of three',
    async (rows) => {
      const program = await cpuBackend().compile(turned(), { registry });
      for await (const { keep } of program.steps({ x }, { timesteps: 1 })) {
        expect(await thrownBy(() => keep(rows))).toMatchObject({
          code: 'invalid-argument',
          path: 'keep',
          expected: '0 to 2',
        });
      }
    },
  );

  test('counts positions in the batch as it is now, not as it was', async () => {
    const program = await cpuBackend().compile(turned(), { registry });
    for await (const { step, keep } of program.steps({ x }, { timesteps: 2 })) {
      if (step === 0) keep([1, 2]);
      else expect((await thrownBy(() => keep([2]))).expected).toBe('0 to 1');
    }
  });

  test('twice after one step counts in what the first left', async () => {
    const program = await cpuBackend().compile(turned(), { registry });
    const seen: unknown[] = [];
    const run = program.steps({ x: [x, x] }, { timesteps: 2 });
    for await (const { step, outputs, samples, keep } of run) {
      if (step === 0) {
        keep([1, 2]);
        keep([1]);
      } else seen.push(samples, [...outputs['y']!.data]);
    }
    expect(seen).toEqual([[2], [6, 12]]);
  });

  test('is for the newest step only', async () => {
    const session = (await cpuBackend().compile(turned(), { registry })).open({ x });
    const first = await session.advance();
    await session.advance();
    expect(await thrownBy(() => first.keep([0]))).toMatchObject({
      code: 'invalid-argument',
      expected: 'step 1',
      got: 'step 0',
    });
  });

  test('of nobody ends a session', async () => {
    const session = (await cpuBackend().compile(turned(), { registry })).open({ x });
    (await session.advance()).keep([]);
    expect((await thrownBy(() => session.advance())).code).toBe('empty-batch');
  });

  test('of everybody in order copies nothing', async () => {
    const device = new CountingDevice();
    const session = (await createBackend(device).compile(turned(), { registry })).open({ x });
    const { keep } = await session.advance();
    device.take = () => {
      throw new Error('rows were copied');
    };
    keep([0, 1, 2]);
    expect((await session.advance()).samples).toEqual([0, 1, 2]);
  });
});

describe('inputs that are given anew while samples leave', () => {
  const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
  const build = () => cpuBackend().compile(turned(), { registry });

  test('are cut to those that stay by steps', async () => {
    const program = await build();
    for await (const { step, outputs, keep } of program.steps({ x: [x, x] }, { timesteps: 2 })) {
      if (step === 0) keep([1]);
      else expect([...outputs['y']!.data]).toEqual([4, 10]);
    }
  });

  test('must have the size of the first batch at every step', async () => {
    const program = await build();
    const small = tensor([1, 2, 3, 4], [2, 2]);
    const run = async (): Promise<void> => {
      for await (const { step, keep } of program.steps({ x: [x, small] }, { timesteps: 2 })) {
        if (step === 0) keep([0, 2]);
      }
    };
    expect(await thrownBy(run)).toMatchObject({ code: 'shape-mismatch', path: 'x' });
  });

  test('must fit those that stay in a session', async () => {
    const session = (await build()).open();
    (await session.advance({ x })).keep([1]);
    expect((await thrownBy(() => session.advance({ x }))).code).toBe('shape-mismatch');
    const { outputs } = await session.advance({ x: tensor([10, 20], [2, 1]) });
    expect([...outputs['y']!.data]).toEqual([12, 25]);
  });
});
