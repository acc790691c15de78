import { type WasmBackend, wasmBackend } from '@spikeloom/backend-wasm';
import { createRegistry, type Graph, type Tensor, takeRows, tensor } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Program } from '@spikeloom/runtime';
import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../src/engine/weight-steps.ts';
import { randomSpikingNetwork, type SpikingNetwork } from './random-spiking-network.ts';

const registry = createRegistry([neurons]);
const operators = wasmBackend({ engine: 'off' });
const engine = wasmBackend({ threads: 1 });
const threaded = wasmBackend({ threads: 2 });
const seeds = Array.from({ length: 40 }, (_, seed) => seed);

type Outputs = Readonly<Record<string, Tensor>>;

describe('the engine agrees with the operators', () => {
  it.each(seeds)('over all timesteps, network %i', async (seed) => {
    const network = randomSpikingNetwork(seed);
    const expected = await runOn(operators, network);
    const actual = await runOn(engine, network);
    expectSameOutputs(actual, expected);
  });

  it.each(seeds)('step by step, network %i', async (seed) => {
    const network = randomSpikingNetwork(seed);
    const program = await engine.compile(network.graph, { registry });
    const all = await runAll(program, network);
    let step = 0;
    for await (const { outputs } of program.steps(inputsOf(network), network)) {
      for (const [name, one] of Object.entries(outputs))
        expect(countDiffering(one.data, rowOf(all[name]!, step))).toBe(0);
      step += 1;
    }
    expect(step).toBe(network.timesteps);
    program.dispose();
  });

  it.each(seeds.slice(0, 10))('on two threads, bit for bit, network %i', async (seed) => {
    const network = randomSpikingNetwork(seed);
    const [two, one] = [await runOn(threaded, network), await runOn(engine, network)];
    for (const [name, { data }] of Object.entries(one))
      expect(countDiffering(two[name]!.data, data)).toBe(0);
  });

  it.each(seeds.slice(0, 20))('when samples leave, network %i', async (seed) => {
    const network = randomSpikingNetwork(seed);
    const program = await engine.compile(network.graph, { registry });
    const all = await runAll(program, network);
    for await (const { step, outputs, samples, keep } of program.steps(
      inputsOf(network),
      network,
    )) {
      for (const [name, one] of Object.entries(outputs)) {
        const { shape, dtype } = all[name]!;
        const whole = { shape: shape.slice(1), dtype, data: rowOf(all[name]!, step) };
        expect(countDiffering(one.data, takeRows(whole, samples).data)).toBe(0);
      }
      // The first sample leaves at every step, and the others change places.
      const rows = samples
        .map((_, row) => row)
        .slice(1)
        .toReversed();
      if (rows.length > 0) keep(rows);
    }
    program.dispose();
  });
});

describe.each(['int16', 'int8'] as const)('%s weights', (mode) => {
  const integers = wasmBackend({ mode, threads: 1 });

  it.each(seeds)('are those of a rounded network, network %i', async (seed) => {
    const network = randomSpikingNetwork(seed);
    const actual = await runOn(integers, network);
    const rounded = { ...network, graph: roundWeights(network.graph, mode) };
    expectSameOutputs(actual, await runOn(operators, rounded));
  });

  it.each(seeds.slice(0, 10))('on two threads, bit for bit, network %i', async (seed) => {
    const network = randomSpikingNetwork(seed);
    const two = await runOn(wasmBackend({ mode, threads: 2 }), network);
    expect(two).toEqual(await runOn(integers, network));
  });
});

describe('int16 weights', () => {
  const integers = wasmBackend({ mode: 'int16', threads: 1 });

  it.each(seeds.slice(0, 20))(
    'change the first currents by a rounding, network %i',
    async (seed) => {
      const network = randomSpikingNetwork(seed);
      // One timestep and one layer: later ones see other spikes.
      const first = network.graph.nodes.find(({ op }) => op === 'spikeloom/conv2d')!.id;
      const graph = { ...network.graph, outputs: { first } };
      const shallow = { ...network, graph };
      const exact = (await runOn(operators, shallow))['first']!.data;
      const rounded = (await runOn(integers, shallow))['first']!.data;
      const largest = Math.max(...exact.map(Math.abs));
      rounded.forEach((value, index) => {
        expect(Math.abs(value - exact[index]!)).toBeLessThan(0.01 * largest + 1e-6);
      });
    },
  );
});

/** The weights of all products in whole steps. */
function roundWeights(graph: Graph, mode: 'int16' | 'int8'): Graph {
  const weights = [...graph.weights].map(([name, { shape, dtype, data }]) => {
    if (shape.length < 2) return [name, { shape, dtype, data }] as const;
    const steps = stepsOf(data, shape[0]!, mode);
    const rounded = Float32Array.from(data, (value, index) => {
      const step = steps[Math.floor((index * steps.length) / data.length)]!;
      return step * Math.round(value / step);
    });
    return [name, tensor(rounded, shape)] as const;
  });
  return { ...graph, weights: new Map(weights) };
}

async function runOn(backend: WasmBackend, network: SpikingNetwork): Promise<Outputs> {
  const program = await backend.compile(network.graph, { registry });
  const outputs = await runAll(program, network);
  program.dispose();
  return outputs;
}

async function runAll(program: Program, network: SpikingNetwork): Promise<Outputs> {
  return program.run(inputsOf(network), { timesteps: network.timesteps });
}

function inputsOf({ held, sequence }: SpikingNetwork): Parameters<Program['run']>[0] {
  return { ...held, ...sequence };
}

function rowOf({ data, shape }: Tensor, step: number): Tensor['data'] {
  const size = data.length / shape[0]!;
  return data.slice(step * size, (step + 1) * size);
}

/** A sum in another order may move a potential over its threshold: no more than a few in ten thousand. */
function expectSameOutputs(actual: Outputs, expected: Outputs): void {
  for (const [name, { data, shape }] of Object.entries(expected)) {
    expect(actual[name]!.shape).toEqual(shape);
    const differing = countDiffering(actual[name]!.data, data, 1e-4);
    expect(differing / data.length, `of ${name}`).toBeLessThanOrEqual(0.0005);
  }
}

function countDiffering(a: Tensor['data'], b: Tensor['data'], tolerance = 0): number {
  expect(a.length).toBe(b.length);
  let count = 0;
  for (const [index, value] of b.entries())
    if (Math.abs(value - a[index]!) > tolerance * (1 + Math.abs(value))) count += 1;
  return count;
}
