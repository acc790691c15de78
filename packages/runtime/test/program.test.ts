import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, createRegistry, formatShape, type Graph, tensor } from '@spikeloom/ir';
import { lif } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { counted, countingPlugin } from './counted-operator.ts';
import {
  imageNetwork,
  recurrentNetwork,
  registry,
  samples,
  timesteps,
} from './example-networks.ts';
import { thrownBy } from './thrown-by.ts';

/** `y[t] = x[t] + y[t - 1]`, and x itself. */
function sumOverTime(): Graph {
  const b = createBuilder({ name: 'sum' });
  const x = b.input('x', ['N', 2]);
  const v = b.state('v', { like: x });
  const y = b.add(x, v, 'y');
  b.write(v, y);
  b.output('y', y);
  b.output('x', x);
  return b.build();
}

const compile = (graph: Graph) => cpuBackend().compile(graph, { registry });

describe('run', () => {
  test('gives outputs with time as the first axis', async () => {
    const program = await compile(sumOverTime());
    const outputs = await program.run({ x: tensor([1, 2, 3, 4], [2, 2]) }, { timesteps: 3 });
    expect(outputs).toEqual({
      y: tensor([1, 2, 3, 4, 2, 4, 6, 8, 3, 6, 9, 12], [3, 2, 2]),
      x: tensor([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4], [3, 2, 2]),
    });
  });

  test('takes a list as one tensor for each timestep', async () => {
    const program = await compile(sumOverTime());
    const x = [1, 10, 100].map((value) => tensor([value, -value], [1, 2]));
    const { y } = await program.run({ x }, { timesteps: 3 });
    expect(y).toEqual(tensor([1, -1, 11, -11, 111, -111], [3, 1, 2]));
  });

  test('ignores what a list has beyond the last timestep', async () => {
    const program = await compile(sumOverTime());
    const x = [1, 10, 100].map((value) => tensor([value, value], [1, 2]));
    for (const schedule of ['step', 'multi-step'] as const) {
      const { y } = await program.run({ x }, { timesteps: 2, schedule });
      expect(y).toEqual(tensor([1, 1, 11, 11], [2, 1, 2]));
    }
  });

  test('starts every run with fresh states', async () => {
    const { graph, inputs } = recurrentNetwork();
    const program = await compile(graph);
    const first = await program.run(inputs, { timesteps });
    expect(await program.run(inputs, { timesteps })).toEqual(first);
  });

  test('takes another batch size at every run', async () => {
    const program = await compile(sumOverTime());
    for (const size of [3, 1, 7]) {
      const { y } = await program.run(
        { x: tensor(new Float32Array(2 * size), [size, 2]) },
        { timesteps: 2 },
      );
      expect(y!.shape).toEqual([2, size, 2]);
    }
  });

  test('several runs at once do not disturb each other', async () => {
    const { graph, inputs } = recurrentNetwork();
    const program = await compile(graph);
    const alone = await program.run(inputs, { timesteps });
    const together = await Promise.all(
      (['step', 'multi-step', 'step'] as const).map((schedule) =>
        program.run(inputs, { timesteps, schedule }),
      ),
    );
    for (const outputs of together) expect(outputs).toEqual(alone);
  });

  test('gives memory of its own: changing a result changes nothing else', async () => {
    const program = await compile(sumOverTime());
    const x = tensor([1, 2], [1, 2]);
    const { x: passed } = await program.run({ x }, { timesteps: 1 });
    passed!.data.fill(9);
    expect(x).toEqual(tensor([1, 2], [1, 2]));
  });

  test('of a graph without inputs has one sample', async () => {
    const b = createBuilder();
    b.output('t', b.step());
    const program = await compile(b.build());
    expect(await program.run({}, { timesteps: 4 })).toEqual({ t: tensor([0, 1, 2, 3]) });
  });
});

describe('steps', () => {
  test('gives one timestep after the other, with the numbers of run', async () => {
    const { graph, inputs } = imageNetwork();
    const program = await compile(graph);
    const { logits } = await program.run(inputs, { timesteps });
    let step = 0;
    for await (const now of program.steps(inputs, { timesteps })) {
      expect(now.step).toBe(step);
      expect(now.samples).toEqual([0, 1, 2, 3, 4]);
      const size = samples * 4;
      expect([...now.outputs['logits']!.data]).toEqual([
        ...logits!.data.slice(step * size, (step + 1) * size),
      ]);
      step += 1;
    }
    expect(step).toBe(timesteps);
  });

  test('does no work before it is read nor after reading stops', async () => {
    let calls = 0;
    const plugin = countingPlugin(() => {
      calls += 1;
    });
    const b = createBuilder();
    b.output('y', b.apply(counted, { x: b.add(b.input('x', ['N']), b.step()) }).out);
    const program = await cpuBackend().compile(b.build(), { registry: createRegistry([plugin]) });
    const steps = program.steps({ x: tensor([1]) }, { timesteps: 100 });
    expect(calls).toBe(0);
    for await (const { step } of steps) if (step === 2) break;
    expect(calls).toBe(3);
    expect(await steps.next()).toEqual({ done: true, value: undefined });
  });
});

describe('what only follows from held inputs', () => {
  const build = () => {
    const calls: string[] = [];
    const plugin = countingPlugin((node) => calls.push(node));
    const b = createBuilder();
    const image = b.input('image', ['N', 2]);
    const encoded = b.apply(counted, { x: image }, {}, 'encoder').out;
    const { spikes } = b.apply(lif, { current: encoded }, {}, 'neuron');
    b.output('y', b.apply(counted, { x: spikes }, {}, 'readout').out);
    const known = createRegistry([...registry.plugins, plugin]);
    return { calls, program: cpuBackend().compile(b.build(), { registry: known }) };
  };
  const image = tensor([0.3, 0.9], [1, 2]);

  test('is computed once, what moves at every step', async () => {
    const { calls, program } = build();
    await (await program).run({ image }, { timesteps: 5 });
    expect(calls.filter((node) => node === 'encoder')).toHaveLength(1);
    expect(calls.filter((node) => node === 'readout')).toHaveLength(5);
  });

  test('is computed at every step when the input is given anew', async () => {
    const { calls, program } = build();
    const inputs = { image: Array.from({ length: 5 }, () => image) };
    const sequence = await (await program).run(inputs, { timesteps: 5 });
    expect(calls.filter((node) => node === 'encoder')).toHaveLength(5);
    expect(sequence).toEqual(await (await program).run({ image }, { timesteps: 5 }));
  });
});

test('what only follows from weights is computed once, when the graph is compiled', async () => {
  const calls: string[] = [];
  const plugin = countingPlugin((node) => calls.push(node));
  const b = createBuilder();
  const w = b.param('w', [2], { tensor: tensor([1, 2]) });
  b.output('y', b.add(b.input('x', ['N', 2]), b.apply(counted, { x: w }, {}, 'weights').out));
  const program = await cpuBackend().compile(b.build(), { registry: createRegistry([plugin]) });
  expect(calls).toEqual(['weights']);
  for (const schedule of ['step', 'multi-step'] as const) {
    await program.run({ x: tensor([1, 1], [1, 2]) }, { timesteps: 3, schedule });
  }
  expect(calls).toEqual(['weights']);
});

describe('a program', () => {
  test('describes what it takes, gives and runs', async () => {
    const { graph } = recurrentNetwork();
    const program = await compile(graph);
    expect(program.backend).toBe('cpu');
    expect(program.graph).toBe(graph);
    const shapes = (types: typeof program.inputs) =>
      [...types].map(([name, { shape }]) => `${name} ${formatShape(shape)}`);
    expect(shapes(program.inputs)).toEqual(['x [N, 4]']);
    expect(shapes(program.outputs)).toEqual(['out [N, 3]']);
    expect(program.operators.get('spikeloom/spike')).toBe(1);
    expect(program.operators.has('spikeloom/state')).toBe(false);
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 60])('refuses %d timesteps', async (count) => {
    const { graph, inputs } = imageNetwork();
    const program = await compile(graph);
    const expected = { code: 'invalid-timesteps', path: 'timesteps', got: `${count}` };
    for (const schedule of ['step', 'multi-step'] as const) {
      const options = { timesteps: count, schedule };
      expect(await thrownBy(() => program.run(inputs, options))).toMatchObject(expected);
    }
    expect(await thrownBy(() => program.steps(inputs, { timesteps: count }).next())).toMatchObject(
      expected,
    );
  });

  test('cannot be used after dispose', async () => {
    const { graph, inputs } = imageNetwork();
    const program = await compile(graph);
    program.dispose();
    const disposed = { code: 'disposed', path: 'program' };
    for (const schedule of ['step', 'multi-step'] as const) {
      expect(await thrownBy(() => program.run(inputs, { timesteps, schedule }))).toMatchObject(
        disposed,
      );
    }
    expect(await thrownBy(() => program.open(inputs as never))).toMatchObject(disposed);
    expect(() => program.dispose()).not.toThrow();
  });

  test.each(['step', 'multi-step'] as const)(
    'ends a run of schedule %s that is under way when it is disposed of',
    async (schedule) => {
      const { graph, inputs } = recurrentNetwork();
      const program = await compile(graph);
      const observe = (): void => program.dispose();
      const options = { timesteps, schedule, taps: [{ at: 'neuron.v', observe }] };
      expect((await thrownBy(() => program.run(inputs, options))).code).toBe('disposed');
    },
  );

  test('refuses a graph with problems, all of them at once', async () => {
    const graph = sumOverTime();
    const nodes = graph.nodes.filter(({ op }) => op !== 'spikeloom/write');
    const error = await thrownBy(() => compile({ ...graph, nodes, outputs: { y: 'q' } }));
    expect(error.problems.map(({ code }) => code)).toEqual(['state-not-written', 'unknown-value']);
  });
});
