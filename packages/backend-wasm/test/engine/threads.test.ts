import type { Worker } from 'node:worker_threads';
import { type WasmBackend, wasmBackend } from '@spikeloom/backend-wasm';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  sizeOf,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import type { Program } from '@spikeloom/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { singleThread } from '../../src/engine/dispatch.ts';
import { type EngineKernel, EngineMemory, openEngine } from '../../src/engine/memory.ts';
import { ThreadPool } from '../../src/engine/threads.ts';

/** Threads and promises take their time on a machine that is busy. */
const slowly = 30_000;

const registry = createRegistry([neurons]);
const timesteps = 4;
const workers: Worker[] = [];
const remember = (worker: Worker): void => void workers.push(worker);

beforeEach(() => process.on('worker', remember));
afterEach(() => {
  process.off('worker', remember);
  workers.length = 0;
});

describe('threads that are ended from outside', () => {
  it('are replaced after the run that finds them gone', async () => {
    const { backend, program, run, expected } = await threaded(3);
    await workers[1]!.terminate();
    expect(await run()).toEqual(expected);
    await vi.waitFor(() => expect(backend.threads()).toBe(3), slowly);
    expect(workers.length).toBe(4);
    expect(await run()).toEqual(expected);
    program.dispose();
  });

  it('leave their work to the others when they end as a run begins', async () => {
    const { program, run, expected } = await threaded(3);
    // Nothing is awaited: the run begins before anybody can tell that they are gone.
    const gone = workers.map(async (worker) => worker.terminate());
    expect(await run()).toEqual(expected);
    await Promise.all(gone);
    program.dispose();
  });

  it('are given up when it happens again and again, until the last program has gone', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const { backend, program, run, expected } = await threaded(2);
    for (let loss = 1; loss <= 3; loss++) {
      await vi.waitFor(() => expect(backend.threads()).toBe(2), slowly);
      await workers.at(-1)!.terminate();
    }
    expect(await run()).toEqual(expected);
    expect(backend.threads()).toBe(1);
    expect(warn.mock.calls.flat().join('\n')).toContain('one thread');
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    program.dispose();
    const next = await backend.compile(graph, { registry });
    expect(backend.threads()).toBe(2);
    next.dispose();
  });
});

describe('a call that breaks off', () => {
  it('is an error when a thread dies in its kernel, and new threads take over', async () => {
    const { memory, pool, call, results } = await poolOf(2, { patience: 300 });
    const plain = memory.kernels['addPeak_f32']!;
    // The calling thread waits until the other is at work, and ends it: its share would take minutes.
    memory.kernels['addPeak_f32'] = () => {
      const share = memory.words(firstAddress + 4 * 32, 1);
      while ((Atomics.load(share, 0) & 3) !== 1);
      void workers[0]!.terminate();
    };
    expect(() => pool.run(call, 1 << 30)).toThrow(
      expect.objectContaining({ code: 'run-failed', fix: expect.stringContaining('new threads') }),
    );
    memory.kernels['addPeak_f32'] = plain;
    expect(pool.isUp).toBe(false);
    pool.run(call, 8);
    expect(results()).toEqual([8, 0]);
    await vi.waitFor(() => expect(pool.isUp).toBe(true), slowly);
    pool.run(call, 8);
    expect(results()).toEqual([4, 4]);
    pool.stop();
  });

  it.each([0, 1])(
    'is an error when the kernel of thread %i traps, and no other is',
    async (thread) => {
      const { pool, call, results } = await poolOf(2);
      const outside = call.descriptors.with(thread, -16);
      expect(() => pool.run({ ...call, descriptors: outside }, 8)).toThrow(
        expect.objectContaining({
          code: 'run-failed',
          message: expect.stringContaining('addPeak_f32 stopped'),
        }),
      );
      expect(pool.isUp).toBe(true);
      results();
      pool.run(call, 8);
      expect(results()).toEqual([4, 4]);
      pool.stop();
    },
  );

  it('is an error on one thread, too', async () => {
    const { memory, call } = await poolOf(1);
    expect(() => singleThread(memory).run({ ...call, descriptors: [-16] }, 8)).toThrow(
      expect.objectContaining({ code: 'run-failed' }),
    );
  });
});

const graph = network();
const image = images();

/** A backend whose threads are up, and what its program gives on one thread. */
async function threaded(threads: number): Promise<{
  readonly backend: WasmBackend;
  readonly program: Program;
  readonly expected: readonly number[];
  run(): Promise<readonly number[]>;
}> {
  const alone = await wasmBackend({ threads: 1 }).compile(graph, { registry });
  const expected = await spikesOf(alone);
  alone.dispose();
  expect(expected).toContain(1);
  const backend = wasmBackend({ threads });
  const program = await backend.compile(graph, { registry });
  expect(backend.threads()).toBe(threads);
  expect(workers.length).toBe(threads - 1);
  return { backend, program, expected, run: async () => spikesOf(program) };
}

async function spikesOf(program: Program): Promise<readonly number[]> {
  const { spikes } = await program.run({ image }, { timesteps });
  return [...spikes!.data];
}

/** Where a memory begins to give out regions; the first has the words that threads share. */
const firstAddress = 64;

type OpenMemory = EngineMemory & { readonly kernels: Record<string, EngineKernel> };

interface Pooled {
  readonly memory: OpenMemory;
  readonly pool: ThreadPool;
  readonly call: { readonly kernel: string; readonly descriptors: readonly number[] };
  /** How many units each thread has worked on since the last look. */
  results(): readonly number[];
}

/** Threads whose calls add up a row of ones for every unit. */
async function poolOf(threads: number, { patience }: { patience?: number } = {}): Promise<Pooled> {
  const opened = await openEngine(true);
  // The exports of an instance cannot be changed, a copy can.
  const kernels = { ...opened.kernels };
  const memory = new EngineMemory(opened.memory, opened.module, kernels) as OpenMemory;
  const pool = new ThreadPool(memory, threads, patience);
  await pool.start();
  const rowBytes = 96_000;
  const rows = memory.allocate(rowBytes).address;
  memory.floats(rows, rowBytes / 4).fill(1);
  const sums = Array.from({ length: threads }, () => memory.allocate(64).address);
  const descriptors = sums.map((sum) => {
    const { address } = memory.allocate(64);
    memory.words(address, 3).set([rows, rowBytes, sum]);
    return address;
  });
  return {
    memory,
    pool,
    call: { kernel: 'addPeak_f32', descriptors },
    results: () =>
      sums.map((sum) => {
        const found = memory.floats(sum, 1);
        const units = found[0]! / (rowBytes / 16);
        found[0] = 0;
        return units;
      }),
  };
}

/** Spikes through a convolution into neurons, more than enough for three threads. */
function network(): Graph {
  const random = createRandom(5);
  const numbers = Float32Array.from({ length: 32 * 16 * 9 }, () => random.normal());
  const b = createBuilder();
  const first = b.apply(lif, { current: b.input('image', ['N', 16, 12, 12]) }, {}, 'first').spikes;
  const weight = b.param('weight', [32, 16, 3, 3], { tensor: tensor(numbers, [32, 16, 3, 3]) });
  const current = b.conv2d({ x: first, weight }, { padding: [1, 1, 1, 1] }, 'conv');
  b.output('spikes', b.apply(lif, { current }, {}, 'second').spikes);
  return b.build();
}

function images(): Tensor {
  const random = createRandom(6);
  const shape = [2, 16, 12, 12];
  return tensor(
    Float32Array.from({ length: sizeOf(shape) }, () => 3 * random.uniform()),
    shape,
  );
}
