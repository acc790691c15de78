import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, type Tensor, tensor } from '@spikeloom/ir';
import { createBackend, type Session } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { CountingDevice } from './counting-device.ts';
import { recurrentNetwork, registry, timesteps } from './example-networks.ts';
import { thrownBy } from './thrown-by.ts';

const { graph, inputs } = recurrentNetwork();
const sequence = inputs['x'] as readonly Tensor[];
const compile = () => cpuBackend().compile(graph, { registry });

async function advanceAll(session: Session): Promise<number[][]> {
  const rows: number[][] = [];
  for (const x of sequence) rows.push([...(await session.advance({ x })).outputs['out']!.data]);
  return rows;
}

describe('a session', () => {
  test('gives the numbers of run, one step at a time', async () => {
    const program = await compile();
    const { out } = await program.run(inputs, { timesteps });
    const session = program.open();
    expect((await advanceAll(session)).flat()).toEqual([...out!.data]);
    expect(session.step).toBe(timesteps);
  });

  test('tells the step and the samples', async () => {
    const session = (await compile()).open();
    expect(session.step).toBe(0);
    const first = await session.advance({ x: sequence[0]! });
    expect([first.step, first.samples]).toEqual([0, [0, 1, 2, 3, 4]]);
    expect((await session.advance({ x: sequence[1]! })).step).toBe(1);
  });

  test('gives the same results again after reset', async () => {
    const session = (await compile()).open();
    const first = await advanceAll(session);
    session.reset();
    expect(session.step).toBe(0);
    expect(await advanceAll(session)).toEqual(first);
  });

  test('can be reset before it has begun', async () => {
    const session = (await compile()).open();
    session.reset();
    expect(await advanceAll(session)).toHaveLength(timesteps);
  });

  test('does not go on after a timestep that failed, and does after an input that was refused', async () => {
    let isFailing = false;
    const observe = (): void => {
      if (isFailing) throw new Error('the disk is full');
    };
    const program = await compile();
    const session = program.open({}, { taps: [{ at: 'out', observe }] });
    await session.advance({ x: sequence[0]! });
    await expect(session.advance({})).rejects.toMatchObject({ code: 'missing-input' });
    await session.advance({ x: sequence[1]! });
    isFailing = true;
    await expect(session.advance({ x: sequence[2]! })).rejects.toThrow('the disk is full');
    isFailing = false;
    await expect(session.advance({ x: sequence[2]! })).rejects.toMatchObject({
      code: 'run-failed',
      fix: expect.stringContaining('another session'),
    });
    expect(() => session.reset()).toThrow(expect.objectContaining({ code: 'run-failed' }));
    expect(await advanceAll(program.open())).toHaveLength(timesteps);
  });

  test('keeps held inputs over a reset', async () => {
    const b = createBuilder();
    const [held, fresh] = [b.input('held', ['N']), b.input('fresh', ['N'])];
    b.output('y', b.add(b.mul(held, 10), fresh));
    const session = (await cpuBackend().compile(b.build(), { registry })).open({
      held: tensor([1, 2]),
    });
    const advance = async (): Promise<number[]> => [
      ...(await session.advance({ fresh: tensor([5, 6]) })).outputs['y']!.data,
    ];
    expect(await advance()).toEqual([15, 26]);
    session.reset();
    expect(await advance()).toEqual([15, 26]);
  });

  test('of the same program does not disturb another one', async () => {
    const program = await compile();
    const alone = await advanceAll(program.open());
    const [a, b] = [program.open(), program.open()];
    const seen: number[][] = [];
    for (let step = 0; step < timesteps; step++) {
      seen.push([...(await a.advance({ x: sequence[step]! })).outputs['out']!.data]);
      await b.advance({ x: sequence[timesteps - 1 - step]! });
      if (step === 2) b.reset();
    }
    expect(seen).toEqual(alone);
  });

  test('steps in a row without waiting come one after the other', async () => {
    const session = (await compile()).open();
    const steps = await Promise.all(sequence.map((x) => session.advance({ x })));
    expect(steps.map(({ step }) => step)).toEqual([...sequence.keys()]);
    const waiting = await advanceAll((await compile()).open());
    expect(steps.map(({ outputs }) => [...outputs['out']!.data])).toEqual(waiting);
  });

  test('goes on with another batch size only after a new one is opened', async () => {
    const program = await compile();
    const session = program.open();
    await session.advance({ x: sequence[0]! });
    const one = tensor([1, 2, 3, 4], [1, 4]);
    expect((await thrownBy(() => session.advance({ x: one }))).code).toBe('shape-mismatch');
    expect((await program.open().advance({ x: one })).samples).toEqual([0]);
  });

  test('is not spoilt by inputs that were refused', async () => {
    const program = await compile();
    const session = program.open();
    const wrong = tensor([1, 2, 3, Number.NaN], [1, 4]);
    expect((await thrownBy(() => session.advance({ x: wrong }))).code).toBe('not-a-number');
    expect(await advanceAll(session)).toEqual(await advanceAll(program.open()));
  });

  test('does not take a held input anew', async () => {
    const session = (await compile()).open({ x: sequence[0]! });
    expect(await thrownBy(() => session.advance({ x: sequence[1]! }))).toMatchObject({
      code: 'unknown-input',
      path: 'x',
      fix: 'open the session without it to give it at every step',
    });
  });

  test('needs every input that is not held', async () => {
    const session = (await compile()).open();
    expect(await thrownBy(() => session.advance())).toMatchObject({
      code: 'missing-input',
      path: 'x',
      expected: 'float32 [N, 4]',
    });
  });
});

describe('after dispose', () => {
  const disposed = { code: 'disposed', path: 'session' };

  test('a session answers nothing but disposed', async () => {
    const session = (await compile()).open();
    const step = await session.advance({ x: sequence[0]! });
    session.dispose();
    expect(await thrownBy(() => session.advance({ x: sequence[1]! }))).toMatchObject(disposed);
    expect(await thrownBy(() => session.reset())).toMatchObject(disposed);
    expect(await thrownBy(() => step.keep([0]))).toMatchObject(disposed);
    expect(() => session.dispose()).not.toThrow();
  });

  test('other sessions of the program go on', async () => {
    const program = await compile();
    const [a, b] = [program.open(), program.open()];
    await a.advance({ x: sequence[0]! });
    await b.advance({ x: sequence[0]! });
    a.dispose();
    expect((await b.advance({ x: sequence[1]! })).step).toBe(1);
  });

  test('of the program, its sessions end', async () => {
    const program = await compile();
    const session = program.open();
    await session.advance({ x: sequence[0]! });
    program.dispose();
    expect(await thrownBy(() => session.advance({ x: sequence[1]! }))).toMatchObject(disposed);
  });

  test('nothing is left on the device, also when it came while numbers were on their way', async () => {
    const device = new CountingDevice();
    const program = await createBackend(device).compile(graph, { registry });
    const compiled = device.alive;
    const taps = ['out', 'last', 'neuron'].map((at) => ({ at, observe: () => undefined }));
    const [idle, done, busy] = [{}, {}, { taps }].map((options) => program.open({}, options)) as [
      Session,
      Session,
      Session,
    ];
    await done.advance({ x: sequence[0]! });
    const pending = busy.advance({ x: sequence[0]! });
    for (const session of [idle, done, busy]) session.dispose();
    await pending;
    expect(device.alive).toBe(compiled);
    program.dispose();
    expect(device.alive).toBe(0);
  });

  test('of many sessions, nothing is left', async () => {
    const device = new CountingDevice();
    const program = await createBackend(device).compile(graph, { registry });
    const compiled = device.alive;
    for (let round = 0; round < 50; round++) {
      const session = program.open();
      const { keep } = await session.advance({ x: sequence[0]! });
      keep([1, 3]);
      session.dispose();
    }
    expect(device.alive).toBe(compiled);
  });
});

describe('the number of live values', () => {
  test('does not grow from step to step', async () => {
    const device = new CountingDevice();
    const session = (await createBackend(device).compile(graph, { registry })).open();
    const alive: number[] = [];
    for (const x of sequence) {
      await session.advance({ x });
      alive.push(device.alive);
    }
    expect(new Set(alive).size).toBe(1);
  });
});
