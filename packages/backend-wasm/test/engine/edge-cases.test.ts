import { attention, qkTokenAttention } from '@spikeloom/attention';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  batchNorm,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  isSpikeloomError,
  linear,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons, plif } from '@spikeloom/neurons';
import type { Observation, Program } from '@spikeloom/runtime';
import { expect, it } from 'vitest';

const registry = createRegistry([neurons, attention]);
const operators = wasmBackend({ engine: 'off' });
const engine = wasmBackend({ engine: 'always', threads: 1 });

it('shows what lies before a normalisation, after a run in which that was folded', async () => {
  const { graph, inputs } = normalised();
  const look = async (program: Program): Promise<Tensor> => {
    await program.run(inputs, { timesteps: 1 });
    const seen: Observation[] = [];
    const taps = [{ at: 'conv', observe: (one: Observation) => void seen.push(one) }];
    await program.run(inputs, { timesteps: 1, taps });
    return seen[0]!.value;
  };
  const expected = await look(await operators.compile(graph, { registry }));
  const actual = await look(await engine.compile(graph, { registry }));
  actual.data.forEach((value, index) => expect(value).toBeCloseTo(expected.data[index]!, 4));
});

it('a session whose timestep failed does not go on', async () => {
  const { graph, inputs } = normalised();
  const observe = (): void => {
    throw new Error('the disk is full');
  };
  const program = await engine.compile(graph, { registry });
  const session = program.open(inputs as Record<string, Tensor>, {
    taps: [{ at: 'conv', observe }],
  });
  await expect(session.advance()).rejects.toThrow('the disk is full');
  await expect(session.advance()).rejects.toMatchObject({ code: 'run-failed' });
  expect(Object.keys(await program.run(inputs, { timesteps: 1 }))).toHaveLength(1);
});

it('leaves neurons whose time constant is an input to the operators', async () => {
  const b = createBuilder();
  const current = b.input('current', ['N', 8]);
  b.output('out', b.apply(plif, { current, w: b.input('w', []) }, {}, 'plif').spikes);
  const inputs = { current: tensor(new Float32Array(8).fill(1.5), [1, 8]), w: tensor([0.5], []) };
  const graph = b.build();
  const [actual, expected] = await Promise.all(
    [engine, operators].map(async (backend) =>
      (await backend.compile(graph, { registry })).run(inputs, { timesteps: 3 }),
    ),
  );
  expect(actual).toEqual(expected);
});

it('lowers attention on numbers, and runs its neurons', async () => {
  const b = createBuilder();
  const spikes = b.apply(lif, { current: b.input('x', ['N', 5, 32]) }, {}, 'lif').spikes;
  const numbersToo = b.mul(spikes, b.input('y', ['N', 5, 32]));
  const inputs = { q: spikes, k: numbersToo };
  b.output('out', b.apply(qkTokenAttention, inputs, { heads: 2 }, 'qk').spikes);
  const graph = b.build();
  const plan = await engine.explain(graph, { registry, samples: 2, timesteps: 2 });
  const fired = plan!.stages.filter(({ kernel }) => kernel === 'fireCurrents');
  expect(fired.map(({ path }) => path)).toEqual(['lif', 'qk.attn_lif']);
  await expectSame(graph, { x: numbers([2, 5, 32], 2), y: numbers([2, 5, 32]) });
});

it.each([
  { width: 1, kernel: 1, stride: 1, padding: [0, 2, 0, 0] },
  { width: 1, kernel: 1, stride: 2, padding: [0, 0, 1, 0] },
  { width: 1, kernel: 1, stride: 1, padding: [1, 0, 0, 0] },
  { width: 3, kernel: 3, stride: 3, padding: [2, 2, 0, 2] },
])('reads zeros around an image: %o', async ({ width, kernel, stride, padding }) => {
  const b = createBuilder();
  const spikes = b.apply(lif, { current: b.input('x', ['N', 8, 3, width]) }, {}, 'lif').spikes;
  const weight = param(b, 'w', [5, 8, kernel, kernel]);
  const shape = { stride: [stride, stride], padding: padding as [number, number, number, number] };
  b.output('out', b.conv2d({ x: spikes, weight }, { ...shape, stride: [stride, stride] }, 'conv'));
  await expectSame(b.build(), { x: numbers([2, 8, 3, width], 2) });
});

it.each([
  [2, 16],
  [3, 16],
  [4, 8],
  [4, 5],
  [6, 16],
])('takes some of %i groups of %i outputs together', async (groups, outputs) => {
  const b = createBuilder();
  const x = b.input('x', ['N', groups * 8, 5, 4]);
  const spikes = b.apply(lif, { current: x }, {}, 'lif').spikes;
  const weight = param(b, 'w', [groups * outputs, 8, 3, 3]);
  b.output('out', b.conv2d({ x: spikes, weight }, { groups }, 'conv'));
  const graph = b.build();
  await expectSame(graph, { x: numbers([2, groups * 8, 5, 4], 2) });
  for (const mode of ['float32', 'int16', 'int8'] as const) {
    const plan = await wasmBackend({ mode }).explain(graph, { registry, samples: 1, timesteps: 2 });
    const kernel = plan?.stages.find(({ path }) => path === 'conv')?.kernel;
    expect(kernel).toContain('convolveEvents');
  }
});

it('sums windows with more rows than sixteen bits can name', async () => {
  const b = createBuilder();
  const spikes = b.apply(lif, { current: b.input('x', ['N', 8000, 3, 3]) }, {}, 'lif').spikes;
  b.output('out', b.conv2d({ x: spikes, weight: param(b, 'w', [4, 8000, 3, 3]) }, {}, 'conv'));
  await expectSame(b.build(), { x: numbers([1, 8000, 3, 3], 2) });
});

it.each([
  ['tokens', [6]],
  ['rows', []],
])('folds a normalisation of %s into the linear layer before it', async (_, positions) => {
  const b = createBuilder();
  const spikes = b.apply(
    lif,
    { current: b.input('x', ['N', ...positions, 16]) },
    {},
    'first',
  ).spikes;
  const y = b.apply(linear, { x: spikes, weight: param(b, 'w', [20, 16]) }, {}, 'linear').out;
  const turn = (value: Value): Value =>
    positions.length > 0 ? b.transpose(value, [0, 2, 1]) : value;
  const [weight, bias, mean, variance] = ['weight', 'bias', 'mean', 'variance'].map((name) =>
    param(b, name, [20], name === 'variance'),
  ) as [Value, Value, Value, Value];
  const norm = b.apply(batchNorm, { x: turn(y), weight, bias, mean, variance }, {}, 'norm').out;
  const again = b.apply(linear, { x: spikes, weight: param(b, 'v', [20, 16]) }, {}, 'other').out;
  b.output('out', b.apply(lif, { current: b.add(turn(norm), again) }, {}, 'second').spikes);
  const graph = b.build();
  const { stages } = (await engine.explain(graph, { registry, samples: 2, timesteps: 2 }))!;
  const fused = stages.find(({ path }) => path === 'linear')!;
  expect(fused.nodes).toEqual(expect.arrayContaining(['linear', 'norm']));
  expect(stages.filter(({ kernel }) => kernel === 'operator')).toEqual([]);
  await expectSame(graph, { x: numbers([2, ...positions, 16], 2) });
});

it.each([
  ['a wrong shape', { x: numbers([1, 4, 6, 6]) }, 2],
  ['no samples', { x: { shape: [0, 16, 6, 6], dtype: 'float32', data: new Float32Array() } }, 2],
  ['not a number', { x: tensor(new Float32Array(576).fill(Number.NaN), [1, 16, 6, 6]) }, 2],
  ['no timesteps', { x: numbers([1, 16, 6, 6]) }, 0],
  ['a missing input', {}, 2],
  ['an unknown input', { x: numbers([1, 16, 6, 6]), y: numbers([1]) }, 2],
  ['a short sequence', { x: [numbers([1, 16, 6, 6])] }, 2],
  ['samples that come later', { x: [numbers([1, 16, 6, 6]), numbers([2, 16, 6, 6])] }, 2],
] as const)('refuses %s as the operators do', async (_, inputs, timesteps) => {
  const { graph } = normalised();
  const codes = await Promise.all(
    [engine, operators].map(async (backend) => {
      const program = await backend.compile(graph, { registry });
      const given = inputs as unknown as Parameters<Program['run']>[0];
      const fault: unknown = await program
        .run(given, { timesteps })
        .catch((error: unknown) => error);
      program.dispose();
      return isSpikeloomError(fault) ? fault.code : fault;
    }),
  );
  expect(codes[0]).toBeTypeOf('string');
  expect(codes[0]).toBe(codes[1]);
});

it('takes threads up again after its last program has gone', async () => {
  const { graph, inputs } = normalised();
  const expected = await outputsOn(engine);
  const threaded = wasmBackend({ engine: 'always', threads: 3 });
  for (let round = 0; round < 4; round++) expect(await outputsOn(threaded)).toEqual(expected);
  const [one, two] = [wasmBackend({ threads: 2 }), wasmBackend({ threads: 2 })];
  expect(await Promise.all([outputsOn(one), outputsOn(two)])).toEqual([expected, expected]);

  async function outputsOn(backend: typeof engine): Promise<object> {
    const program = await backend.compile(graph, { registry });
    const running = program.run(inputs, { timesteps: 3 });
    const outputs = await running;
    program.dispose();
    return outputs;
  }
});

it('runs on many backends, one after the other', async () => {
  const { graph, inputs } = normalised();
  for (let count = 0; count < 40; count++) {
    const program = await wasmBackend({ threads: 2 }).compile(graph, { registry });
    await program.run(inputs, { timesteps: 2 });
    program.dispose();
  }
});

/** Spikes, a convolution, a normalisation and neurons. */
function normalised(): { graph: Graph; inputs: Record<string, Tensor> } {
  const b = createBuilder();
  const spikes = b.apply(lif, { current: b.input('x', ['N', 16, 6, 6]) }, {}, 'first').spikes;
  const y = b.conv2d({ x: spikes, weight: param(b, 'w', [20, 16, 3, 3]) }, {}, 'conv');
  const [weight, bias, mean, variance] = ['weight', 'bias', 'mean', 'variance'].map((name) =>
    param(b, name, [20], name === 'variance'),
  ) as [Value, Value, Value, Value];
  const current = b.apply(batchNorm, { x: y, weight, bias, mean, variance }, {}, 'norm').out;
  b.output('out', b.apply(lif, { current }, {}, 'second').spikes);
  return { graph: b.build(), inputs: { x: numbers([2, 16, 6, 6], 2) } };
}

async function expectSame(graph: Graph, inputs: Record<string, Tensor>): Promise<void> {
  const run = async (backend: typeof engine): Promise<Tensor> => {
    const program = await backend.compile(graph, { registry });
    const { out } = await program.run(inputs, { timesteps: 2 });
    program.dispose();
    return out!;
  };
  expect(await run(engine)).toEqual(await run(operators));
}

function param(
  b: ReturnType<typeof createBuilder>,
  name: string,
  shape: number[],
  positive = false,
): Value {
  const { data } = numbers(shape);
  return b.param(name, shape, { tensor: tensor(positive ? data.map(Math.abs) : data, shape) });
}

/** Multiples of 1/8, never 0, that add up to the same bits in any order. */
function numbers(shape: readonly number[], spread = 1): Tensor {
  const random = createRandom(sizeOf(shape));
  const data = Float32Array.from(
    { length: sizeOf(shape) },
    () => (spread * (2 * random.below(8) - 7)) / 8,
  );
  return tensor(data, [...shape]);
}
