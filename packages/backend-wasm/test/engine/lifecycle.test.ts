import type { Worker } from 'node:worker_threads';
import { type WasmBackend, wasmBackend } from '@spikeloom/backend-wasm';
import { createRandom, createRegistry, isSpikeloomError, type Random } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Program } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { randomSpikingNetwork, type SpikingNetwork } from './random-spiking-network.ts';

/** Threads and promises take their time on a machine that is busy. */
const slowly = 30_000;

const registry = createRegistry([neurons]);
const timesteps = 5;
const threads = 3;
let living = 0;
const remember = (worker: Worker): void => {
  living += 1;
  worker.once('exit', () => (living -= 1));
};
beforeAll(() => process.on('worker', remember));
afterAll(() => process.off('worker', remember));

/** How a run may end, and how it may say so. */
const endings = {
  'to the end': async ({ program, network }) => {
    await program.run(inputsOf(network), { timesteps });
    return 'finished';
  },
  'left between timesteps': async ({ program, network, random }) => {
    const last = random.below(timesteps);
    for await (const { step } of program.steps(inputsOf(network), { timesteps }))
      if (step === last) break;
    return 'finished';
  },
  'aborted between timesteps': async ({ program, network, random }) => {
    const controller = new AbortController();
    const last = random.below(timesteps - 1);
    const { signal } = controller;
    return codeOf(async () => {
      for await (const { step } of program.steps(inputsOf(network), { timesteps, signal }))
        if (step === last) controller.abort();
    });
  },
  'aborted while it waits': async ({ program, network }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const running = codeOf(() => program.run(inputsOf(network), { timesteps, signal }));
    controller.abort();
    return running;
  },
  'disposed of while it waits': async ({ program, network }) => {
    const running = codeOf(() => program.run(inputsOf(network), { timesteps }));
    program.dispose();
    return running;
  },
  'disposed of between timesteps': async ({ program, network, random }) => {
    const last = random.below(timesteps - 1);
    return codeOf(async () => {
      for await (const { step } of program.steps(inputsOf(network), { timesteps }))
        if (step === last) program.dispose();
    });
  },
  'compiled again while it waits': async ({ program, network, backend }) => {
    const running = codeOf(() => program.run(inputsOf(network), { timesteps }));
    program.dispose();
    const next = await compile(backend, network);
    await next.run(inputsOf(network), { timesteps });
    next.dispose();
    return running;
  },
  'disposed of with a session open': async ({ program, network }) => {
    const session = program.open(network.held);
    const fresh = { moving: network.sequence['moving']![0]! };
    await session.advance(fresh);
    const advancing = codeOf(() => session.advance(fresh));
    program.dispose();
    await advancing;
    return codeOf(() => session.advance(fresh));
  },
} as const satisfies Record<string, (run: Run) => Promise<string>>;

/** Runs of one part may be over before anything else happens, those of many never. */
const outcomes: Readonly<Record<keyof typeof endings, readonly string[]>> = {
  'to the end': ['finished'],
  'left between timesteps': ['finished'],
  'aborted between timesteps': ['aborted'],
  'aborted while it waits': ['aborted', 'finished'],
  'disposed of while it waits': ['disposed', 'finished'],
  'disposed of between timesteps': ['disposed'],
  'compiled again while it waits': ['disposed', 'finished'],
  'disposed of with a session open': ['disposed'],
};

describe.each([256 << 20, 1])('on several threads, in parts of %i bytes', (partBytes) => {
  it('gives everything back, whatever ends a run', async () => {
    const backend = wasmBackend({ threads, partBytes });
    const random = createRandom(11);
    // The first program brings the memory up.
    (await compile(backend, networkOf(0))).dispose();
    const before = { used: backend.bytesInUse(), tensors: tf.memory().numTensors };
    const seen = new Set<string>();
    for (let round = 0; round < 16; round++) {
      // Two at a time, which wait for each other's threads.
      const runs = [0, 1].map(async (other) => {
        const network = networkOf(random.below(20));
        const names = Object.keys(endings) as (keyof typeof endings)[];
        const ending = names[(round + 3 * other) % names.length]!;
        const program = await compile(backend, network);
        expect(backend.threads()).toBe(threads);
        const outcome = await endings[ending]({ backend, program, network, random });
        expect(outcomes[ending], ending).toContain(outcome);
        seen.add(outcome);
        program.dispose();
      });
      await Promise.all(runs);
    }
    expect([...seen].toSorted()).toEqual(['aborted', 'disposed', 'finished']);
    expect(backend.bytesInUse()).toBe(before.used);
    expect(tf.memory().numTensors).toBe(before.tensors);
    await vi.waitFor(() => expect(living).toBe(0), slowly);
  });
});

interface Run {
  readonly backend: WasmBackend;
  readonly program: Program;
  readonly network: SpikingNetwork;
  readonly random: Random;
}

async function compile(backend: WasmBackend, { graph }: SpikingNetwork): Promise<Program> {
  return backend.compile(graph, { registry });
}

function networkOf(seed: number): SpikingNetwork {
  const network = randomSpikingNetwork(seed);
  const [first] = network.sequence['moving']!;
  return { ...network, sequence: { moving: Array.from({ length: timesteps }, () => first!) } };
}

function inputsOf({ held, sequence }: SpikingNetwork): Parameters<Program['run']>[0] {
  return { ...held, ...sequence };
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'finished';
  } catch (error) {
    if (isSpikeloomError(error)) return error.code;
    throw error;
  }
}
