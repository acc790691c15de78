import { createBuilder, createRegistry, type Graph, type Tensor, tensor } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { createBackend, throwIfAborted } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { counted } from './counted-operator.ts';
import { CountingDevice, type Handle } from './counting-device.ts';
import { recurrentNetwork, registry, timesteps } from './example-networks.ts';
import { thrownBy } from './thrown-by.ts';

const schedules = ['step', 'multi-step'] as const;
const { graph, inputs } = recurrentNetwork();

async function compiled(network: Graph = graph) {
  const device = new CountingDevice();
  const program = await createBackend(device).compile(network, { registry });
  return { device, program, alive: device.alive };
}

describe.each(schedules)('with schedule %s', (schedule) => {
  test('a signal that is aborted already stops the run before any kernel runs', async () => {
    const { device, program, alive } = await compiled();
    device.calls.clear();
    const reason = new Error('no longer needed');
    const options = { timesteps, schedule, signal: AbortSignal.abort(reason) };
    const error = await thrownBy(() => program.run(inputs, options));
    expect(error).toMatchObject({ code: 'aborted', cause: reason });
    expect(device.calls.size).toBe(0);
    expect(device.alive).toBe(alive);
  });

  test('a signal stops a run that is under way, and nothing stays on the device', async () => {
    const { device, program, alive } = await compiled();
    const control = new AbortController();
    let seen = 0;
    const taps = [
      {
        at: 'last',
        observe: () => {
          seen += 1;
          if (seen === 2) control.abort();
        },
      },
    ];
    const options = { timesteps, schedule, taps, signal: control.signal };
    expect((await thrownBy(() => program.run(inputs, options))).code).toBe('aborted');
    expect(seen).toBe(2);
    expect(device.alive).toBe(alive);
  });

  test('after an aborted run the program runs as before', async () => {
    const { program } = await compiled();
    const expected = await program.run(inputs, { timesteps });
    const aborted = { timesteps, schedule, signal: { aborted: true } };
    await thrownBy(() => program.run(inputs, aborted));
    expect(await program.run(inputs, { timesteps, schedule })).toEqual(expected);
  });

  test('a graph without any kernel to run stops too', async () => {
    const b = createBuilder();
    b.output('y', b.input('x', ['N']));
    const { program } = await compiled(b.build());
    const options = { timesteps: 1, schedule, signal: { aborted: true } };
    expect((await thrownBy(() => program.run({ x: tensor([1]) }, options))).code).toBe('aborted');
  });

  test('a kernel that fails leaves nothing behind', async () => {
    const b = createBuilder();
    const x = b.input('x', ['N']);
    const rows = b.cast(b.mul(x, b.add(b.step(), 1)), 'int32');
    b.output('y', b.gather(b.exp(x), rows, 0, 'lookup'));
    const { device, program, alive } = await compiled(b.build());
    // In bounds at first, beyond at the third step.
    const run = () => program.run({ x: tensor([1, 0, 0]) }, { timesteps, schedule });
    expect(await thrownBy(run)).toMatchObject({ code: 'invalid-argument', path: 'lookup' });
    expect(device.alive).toBe(alive);
  });
});

describe('in the middle of a step', () => {
  test('a signal stops before the next kernel', async () => {
    const control = new AbortController();
    const device = new CountingDevice();
    const calls: string[] = [];
    const plugin = {
      id: 'test/abort',
      apiVersion: 1,
      operators: [counted],
      kernels: [
        {
          op: counted.id,
          backend: 'counting',
          run: ({ node, inputs: given }: { node: { id: string }; inputs: object }) => {
            calls.push(node.id);
            if (calls.length === 2) control.abort();
            return { out: (given as { x: Handle }).x };
          },
        },
      ],
    };
    const b = createBuilder();
    let value = b.add(b.input('x', ['N']), b.step());
    for (const name of ['a', 'b', 'c']) value = b.apply(counted, { x: value }, {}, name).out;
    b.output('y', value);
    const program = await createBackend(device).compile(b.build(), {
      registry: createRegistry([neurons, plugin]),
    });
    const { alive } = device;
    const options = { timesteps: 3, signal: control.signal };
    const error = await thrownBy(() => program.run({ x: tensor([1]) }, options));
    expect(error.code).toBe('aborted');
    expect(calls).toEqual(['a', 'b']);
    expect(device.alive).toBe(alive);
  });
});

describe('a reader of steps', () => {
  test('that leaves early leaves nothing on the device', async () => {
    const { device, program, alive } = await compiled();
    for await (const { step } of program.steps(inputs, { timesteps })) if (step === 1) break;
    expect(device.alive).toBe(alive);
  });

  test('that throws leaves nothing on the device', async () => {
    const { device, program, alive } = await compiled();
    const bug = new TypeError('a bug in the reader');
    const reading = async (): Promise<void> => {
      for await (const { step } of program.steps(inputs, { timesteps })) if (step === 1) throw bug;
    };
    await expect(reading()).rejects.toBe(bug);
    expect(device.alive).toBe(alive);
  });

  test('that compacts leaves nothing on the device', async () => {
    const { device, program, alive } = await compiled();
    for await (const { samples, keep } of program.steps(inputs, { timesteps })) {
      keep(samples.slice(1).map((_, row) => row));
    }
    expect(device.alive).toBe(alive);
    program.dispose();
    expect(device.alive).toBe(0);
  });
});

test('a session stops when its signal says so', async () => {
  const { program } = await compiled();
  const control = new AbortController();
  const session = program.open({}, { signal: control.signal });
  const x = (inputs['x'] as readonly Tensor[])[0]!;
  await session.advance({ x });
  control.abort();
  expect((await thrownBy(() => session.advance({ x }))).code).toBe('aborted');
});

test('anything with an aborted flag is a signal', async () => {
  expect(() => throwIfAborted(undefined)).not.toThrow();
  expect(() => throwIfAborted({ aborted: false })).not.toThrow();
  expect(await thrownBy(() => throwIfAborted({ aborted: true, reason: 'stop' }))).toMatchObject({
    code: 'aborted',
    cause: 'stop',
  });
});
