/** Threads on one shared memory: every call of a kernel is split between them. */
import { SpikeloomError } from '@spikeloom/ir';
import { type Dispatcher, singleThread } from './dispatch.ts';
import type { EngineMemory, Region } from './memory.ts';
import { startWorker, type Thread } from './worker.ts';

/**
 * Control words: generation, threads that are done, kernel, epoch, failed; then three words for each thread. A thread
 * ends when the epoch is no longer the one it was started in, so it never takes the calls of those that follow it.
 */
const controlWords = 64;
const [generation, done, kernelIndex, epoch, failed] = [0, 1, 2, 3, 4];
const ownWords = (thread: number): number => 5 + 3 * thread;

/** Looks at a word so often before sleeping: threads mostly end at the same time. */
const spins = 20_000;

/** Threads fit into the control words, and more would wait for memory. */
export const mostThreads = 16;

/** Calls with less units for each thread are not worth waking one. */
const fewestUnits = 4;

/**
 * Threads beside the calling one. They start in the background: until all are up, calls run alone, with the
 * same results.
 */
export class ThreadPool implements Dispatcher {
  readonly threads: number;
  readonly #memory: EngineMemory;
  readonly #alone: Dispatcher;
  readonly #names: readonly string[];
  readonly #control: Region;
  readonly #words: Int32Array;
  readonly #maySleep: boolean;
  #workers: readonly Thread[] = [];
  #starting: Promise<void> | undefined;
  #isUp = false;

  constructor(memory: EngineMemory, threads: number) {
    this.threads = threads;
    this.#memory = memory;
    this.#alone = singleThread(memory);
    this.#names = Object.keys(memory.kernels);
    this.#control = memory.allocate(4 * controlWords);
    this.#words = memory.words(this.#control.address, controlWords);
    this.#words.fill(0);
    this.#maySleep = maySleep(this.#words);
  }

  /** Whether calls are split by now. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Starts the threads; again does nothing. */
  async start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  prepare(): void {
    // Without threads everything runs alone, and as well.
    this.start().catch(() => undefined);
  }

  run(call: Parameters<Dispatcher['run']>[0], units: number): void {
    if (!this.#isUp || units < fewestUnits * this.threads) return this.#alone.run(call, units);
    const words = this.#words;
    const share = (thread: number): number => Math.floor((units * thread) / this.threads);
    for (let thread = 1; thread < this.threads; thread++) {
      const own = ownWords(thread);
      words[own] = call.descriptors[thread]!;
      words[own + 1] = share(thread);
      words[own + 2] = share(thread + 1);
    }
    words[kernelIndex] = this.#names.indexOf(call.kernel);
    Atomics.store(words, done, 0);
    Atomics.add(words, generation, 1);
    Atomics.notify(words, generation);
    this.#memory.kernels[call.kernel]!(call.descriptors[0]!, 0, share(1));
    this.#waitForAll();
  }

  #waitForAll(): void {
    const words = this.#words;
    for (let spin = 0; ; spin++) {
      const ended = Atomics.load(words, done);
      if (ended === this.threads - 1) break;
      // The main thread of a browser must not sleep.
      if (spin > spins && this.#maySleep) Atomics.wait(words, done, ended);
    }
    if (Atomics.load(words, failed) === 0) return;
    this.#isUp = false;
    throw new SpikeloomError({
      code: 'unsupported',
      path: 'backend wasm',
      message: 'a thread of the engine failed',
      fix: 'use wasmBackend({ threads: 1 }), and report the graph',
    });
  }

  /** Ends the threads, until they are started again. */
  stop(): void {
    if (!this.#starting) return;
    this.#starting = undefined;
    this.#isUp = false;
    Atomics.add(this.#words, epoch, 1);
    Atomics.store(this.#words, failed, 0);
    Atomics.add(this.#words, generation, 1);
    Atomics.notify(this.#words, generation);
    for (const worker of this.#workers) worker.release();
    this.#workers = [];
  }

  async #start(): Promise<void> {
    const { memory, module } = this.#memory;
    const own = Atomics.load(this.#words, epoch);
    const started = await Promise.allSettled(
      Array.from({ length: this.threads - 1 }, async (_, index) =>
        startWorker({
          module,
          memory,
          names: this.#names,
          control: this.#control.address,
          index: index + 1,
          epoch: own,
        }),
      ),
    );
    const workers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const fault = started.find((one) => one.status === 'rejected');
    const isStopped = Atomics.load(this.#words, epoch) !== own;
    if (fault || isStopped) for (const worker of workers) worker.release();
    if (fault) throw fault.reason;
    if (isStopped) return;
    this.#workers = workers;
    this.#isUp = true;
  }
}

function maySleep(words: Int32Array): boolean {
  try {
    // Returns at once where it is allowed: the word holds 0.
    Atomics.wait(words, done, 1, 0);
    return true;
  } catch {
    return false;
  }
}
