import { attention } from '@spikeloom/attention';
import { type WasmBackend, wasmBackend } from '@spikeloom/backend-wasm';
import { createRegistry, type Tensor, takeRows } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Observation, Program, Tap } from '@spikeloom/runtime';
import { describe, expect, it } from 'vitest';
import { randomAttentionNetwork } from './random-attention-network.ts';
import { type MixedNetwork, randomMixedNetwork } from './random-mixed-network.ts';

const registry = createRegistry([neurons, attention]);
const operators = wasmBackend({ engine: 'off' });
const engines = {
  'one thread': wasmBackend({ engine: 'always', threads: 1 }),
  'two threads': wasmBackend({ engine: 'always', threads: 2 }),
  // So little that every sample is a part of its own.
  'samples apart': wasmBackend({ engine: 'always', threads: 1, partBytes: 1 }),
};
const kinds = { mixed: randomMixedNetwork, attention: randomAttentionNetwork };
const networks = (count: number): [keyof typeof kinds, number][] =>
  Array.from({ length: count }, (_, seed) => seed).flatMap((seed) => [
    ['mixed', seed],
    ['attention', seed],
  ]);

describe.each(Object.entries(engines))(
  'the engine, %s, gives the bits of the operators',
  (_, engine) => {
    it.each(networks(24))('over all timesteps, %s network %i', async (kind, seed) => {
      const network = kinds[kind](seed);
      const plan = await engine.explain(network.graph, { ...optionsOf(network), ...network });
      expect(plan!.stages.some(({ kernel }) => kernel !== 'operator')).toBe(true);
      expect(await runAll(engine, network)).toEqual(await runAll(operators, network));
    });

    it.each(networks(24))(
      'step by step while samples leave and change places, %s network %i',
      async (kind, seed) => {
        const network = kinds[kind](seed);
        expect(await shuffled(engine, network)).toEqual(await shuffled(operators, network));
      },
    );

    it.each(networks(10))('to taps, %s network %i', async (kind, seed) => {
      const network = kinds[kind](seed);
      // Once without, so that what is packed for that does not serve these.
      const program = await engine.compile(network.graph, optionsOf(network));
      await program.run(inputsOf(network), network);
      const actual = await watched(program, network);
      const expected = await watched(
        await operators.compile(network.graph, optionsOf(network)),
        network,
      );
      expect(actual).toEqual(expected);
    });

    it.each(networks(6))('in a session that begins again, %s network %i', async (kind, seed) => {
      const network = kinds[kind](seed);
      expect(await twice(engine, network)).toEqual(await twice(operators, network));
    });
  },
);

it('runs attention among spikes and what becomes of spikes by kernels', async () => {
  const kernels = new Set<string>();
  for (const [kind, seed] of networks(24)) {
    const network = kinds[kind](seed);
    const plan = await engines['one thread'].explain(network.graph, {
      ...optionsOf(network),
      ...network,
    });
    for (const { kernel } of plan!.stages) kernels.add(kernel);
  }
  const wanted = [
    ...['splitHeads', 'countProducts', 'sumSelected', 'maskGroups', 'maskChannels'],
    ...['poolSpikes', 'flattenSpikes', 'countSpikes'],
  ];
  expect([...kernels]).toEqual(expect.arrayContaining(wanted));
});

it('gives back what all of these took', () => {
  for (const engine of Object.values(engines)) expect(engine.bytesInUse()).toBeLessThan(4096);
});

async function runAll(backend: WasmBackend, network: MixedNetwork): Promise<object> {
  const program = await backend.compile(network.graph, optionsOf(network));
  const outputs = await program.run(inputsOf(network), network);
  program.dispose();
  return outputs;
}

/** Outputs of every step; before each but the first the batch turns round, and loses its first sample now and then. */
async function shuffled(backend: WasmBackend, network: MixedNetwork): Promise<object[]> {
  const program = await backend.compile(network.graph, optionsOf(network));
  const seen: object[] = [];
  for await (const { step, outputs, samples, keep } of program.steps(inputsOf(network), network)) {
    seen.push({ samples, outputs });
    const rows = samples.map((_, row) => row);
    const left = step % 2 === 0 && rows.length > 1 ? rows.slice(1) : rows;
    keep([...left.slice(1), left[0]!]);
  }
  program.dispose();
  return seen;
}

async function watched(program: Program, network: MixedNetwork): Promise<object[]> {
  const seen: Observation[] = [];
  const taps = network.visible.map((node, index): Tap => ({
    at: node,
    observe: (observation) => seen.push(observation),
    ...(index % 2 === 0 ? { countNonZero: { keep: [0] } } : {}),
  }));
  const outputs = await program.run(inputsOf(network), { ...network, taps });
  program.dispose();
  const key = ({ at, step }: Observation): string => `${step} ${at}`;
  return [outputs, ...seen.toSorted((a, b) => key(a).localeCompare(key(b)))];
}

async function twice(backend: WasmBackend, network: MixedNetwork): Promise<object[]> {
  const program = await backend.compile(network.graph, optionsOf(network));
  const session = program.open(network.held);
  const seen: object[] = [];
  for (const round of [0, 1]) {
    for (let step = 0; step < network.timesteps; step++) {
      const rows = Array.from({ length: network.samples }, (_, row) => row).slice(round);
      if (rows.length === 0) break;
      const fresh = Object.entries(network.sequence).map(
        ([name, tensors]) => [name, takeRows(tensors[step]!, rows)] as const,
      );
      const { outputs, keep } = await session.advance(Object.fromEntries(fresh));
      seen.push(outputs);
      const isLast = round === 0 && step === network.timesteps - 1;
      if (isLast && network.samples > 1) keep(rows.slice(1));
    }
    session.reset();
    if (network.samples === 1) break;
  }
  program.dispose();
  return seen;
}

function optionsOf({ batch }: MixedNetwork): { registry: typeof registry; batch: string } {
  return { registry, batch };
}

function inputsOf({ held, sequence }: MixedNetwork): Record<string, Tensor | readonly Tensor[]> {
  return { ...held, ...sequence };
}
