import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { conversion } from '@spikeloom/conversion';
import { createBuilder, createRandom, createRegistry, linear, tensor } from '@spikeloom/ir';
import { lif, multiThreshold, neurons } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { conformanceCases } from '@spikeloom/testkit';
import { describe, expect, test, vi } from 'vitest';
import { hasRelaxedSimd } from '../src/relaxed-simd.ts';
import { randomSpikingNetwork } from './engine/random-spiking-network.ts';

const registry = createRegistry([neurons, conversion]);
const backend = wasmBackend();

test('the page is isolated, so that it may share memory between threads', () => {
  expect(crossOriginIsolated).toBe(true);
});

describe('wasm in the browser agrees with the reference', () => {
  for (const { name, run } of conformanceCases(backend, registry.operators.values(), registry)) {
    test(name, run);
  }
});

test('a network of both neurons spikes as on the reference backend', async () => {
  expect(await spikesOn(backend)).toEqual(await spikesOn(cpuBackend()));
});

test.each([1, 2])(
  'the engine gives the numbers of the operators on %i threads',
  async (threads) => {
    const { graph, held, sequence, timesteps } = randomSpikingNetwork(11);
    const inputs = { ...held, ...sequence };
    const runOn = async (where: Backend): Promise<readonly number[]> => {
      const program = await where.compile(graph, { registry });
      const { current } = await program.run(inputs, { timesteps });
      program.dispose();
      return [...current!.data];
    };
    const throughEngine = wasmBackend({ threads });
    expect(await throughEngine.explain(graph, { registry, samples: 1, timesteps })).toBeDefined();
    const expected = await runOn(wasmBackend({ engine: 'off' }));
    const actual = await runOn(throughEngine);
    const differing = expected.filter((value, index) => Math.abs(value - actual[index]!) > 1e-4);
    expect(differing.length).toBeLessThanOrEqual(expected.length / 1000);
  },
);

test('threads that are gone leave their work to the page', async () => {
  const workers: Worker[] = [];
  class Watched extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      workers.push(this);
    }
  }
  vi.stubGlobal('Worker', Watched);
  const { graph, held, sequence, timesteps } = randomSpikingNetwork(11);
  const threaded = wasmBackend({ threads: 3 });
  const program = await threaded.compile(graph, { registry });
  vi.unstubAllGlobals();
  expect([threaded.threads(), workers.length]).toEqual([3, 2]);
  const inputs = { ...held, ...sequence };
  const before = await program.run(inputs, { timesteps });
  for (const worker of workers) worker.terminate();
  expect(await program.run(inputs, { timesteps })).toEqual(before);
  program.dispose();
});

test('bytes are multiplied with relaxed SIMD, exactly', async () => {
  const random = createRandom(21);
  const draw = (count: number, most: number): number[] =>
    Array.from({ length: count }, () => random.below(2 * most + 1) - most);
  const b = createBuilder();
  const signal = { kind: 'graded', positive: 1, negative: 1, levels: 6 } as const;
  // Whole numbers up to 127 are weights that rounding leaves as they are.
  const weight = draw(40 * 96, 126).map((value, index) => (index % 96 === 0 ? 127 : value));
  const values = {
    x: b.input('x', ['N', 96], { signal }),
    weight: b.param('weight', [40, 96], { tensor: tensor(weight, [40, 96]) }),
  };
  b.output('out', b.apply(linear, values, {}, 'layer').out);
  const x = tensor(
    draw(70 * 96, 5).map((level) => Math.sign(level) * 2 ** Math.abs(level)),
    [70, 96],
  );
  expect(hasRelaxedSimd()).toBe(true);
  const [actual, expected] = await Promise.all(
    [wasmBackend({ mode: 'int8' }), cpuBackend()].map(async (where) => {
      const program = await where.compile(b.build(), { registry });
      const { out } = await program.run({ x }, { timesteps: 1 });
      program.dispose();
      return [...out!.data];
    }),
  );
  expect(actual).toEqual(expected);
});

/** Ten timesteps of random current through a multi-threshold layer, weights and a LIF layer. */
async function spikesOn(where: Backend): Promise<Record<string, number[]>> {
  const random = createRandom(7);
  const numbers = (count: number): number[] => Array.from({ length: count }, () => random.normal());
  const builder = createBuilder({ name: 'two-layers' });
  const current = builder.input('current', ['N', 48]);
  const graded = builder.apply(
    multiThreshold,
    { current },
    { positive: 0.125, negative: 0.125, levels: 6 },
    'graded',
  ).spikes;
  // Eighths, so that the sums are exact in any order.
  const eighths = numbers(48 * 32).map((number) => Math.round(number * 8) / 8);
  const weights = builder.param('weights', [48, 32], { tensor: tensor(eighths, [48, 32]) });
  const spikes = builder.apply(lif, { current: builder.matmul(graded, weights) }, {}, 'lif').spikes;
  builder.output('graded', graded);
  builder.output('spikes', spikes);
  const steps = Array.from({ length: 10 }, () => tensor(numbers(5 * 48), [5, 48]));
  const program = await where.compile(builder.build(), { registry });
  try {
    const outputs = await program.run({ current: steps }, { timesteps: steps.length });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data)]),
    );
  } finally {
    program.dispose();
  }
}
