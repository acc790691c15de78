/** Threads on one shared memory: every call of a kernel is split between them. */
import { SpikeloomError } from '@spikeloom/ir';
import { type Dispatcher, kernelStopped, singleThread } from './dispatch.ts';
import type { EngineMemory } from './memory.ts';
import { controlWords, Shares } from './shares.ts';
import { startWorker, type Thread } from './worker.ts';

/** More would wait for memory. */
export const mostThreads = 16;

/** Calls with less units for each thread are not worth waking one. */
const fewestUnits = 4;

/** Milliseconds that a thread may need longer for its share than the caller for as large a one. */
const usualPatience = 10_000;

/** Threads that something ends again and again are given up. */
const mostLosses = 3;

/**
 * Threads beside the calling one. They start in the background: until all are up, calls run alone, with the
 * same results. When one is lost, the others end too, and new ones start.
 */
export class ThreadPool implements Dispatcher {
  readonly threads: number;
  readonly #memory: EngineMemory;
  readonly #alone: Dispatcher;
  readonly #names: readonly string[];
  readonly #control: number;
  readonly #shares: Shares;
  #workers: readonly Thread[] = [];
  #starting: Promise<void> | undefined;
  #isUp = false;
  #losses = 0;

  constructor(memory: EngineMemory, threads: number, patience = usualPatience) {
    this.threads = threads;
    this.#memory = memory;
    this.#alone = singleThread(memory);
    this.#names = Object.keys(memory.kernels);
    const words = controlWords(threads);
    this.#control = memory.allocate(4 * words).address;
    this.#shares = new Shares(memory.words(this.#control, words), threads, patience);
  }

  /** Whether calls are split by now. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Starts the threads; again does nothing, and neither does it where threads were given up. */
  async start(): Promise<void> {
    if (this.#losses >= mostLosses) return;
    this.#starting ??= this.#start();
    return this.#starting;
  }

  prepare(): void {
    // Without threads everything runs alone, and as well.
    this.start().catch(() => undefined);
  }

  run(call: Parameters<Dispatcher['run']>[0], units: number): void {
    if (!this.#isUp || units < fewestUnits * this.threads) return this.#alone.run(call, units);
    const { kernel, descriptors } = call;
    const begin = (thread: number): number => Math.floor((units * thread) / this.threads);
    this.#shares.offer(this.#names.indexOf(kernel), (thread) => ({
      descriptor: descriptors[thread]!,
      first: begin(thread),
      last: begin(thread + 1),
    }));
    let stopped: SpikeloomError | undefined;
    const work = (thread: number): void => {
      try {
        this.#memory.kernels[kernel]!(descriptors[thread]!, begin(thread), begin(thread + 1));
      } catch (error) {
        // The others still work on the memory of this run.
        stopped = kernelStopped(kernel, error);
      }
    };
    work(0);
    const outcome = this.#shares.wait(work);
    if (outcome === 'lost') {
      this.#lose();
      throw threadLost();
    }
    if (outcome === 'failed') stopped ??= kernelStopped(kernel);
    if (stopped) throw stopped;
  }

  /** Ends the threads, until they are started again. */
  stop(): void {
    this.#losses = 0;
    this.#end();
  }

  #end(): void {
    if (!this.#starting) return;
    this.#starting = undefined;
    this.#isUp = false;
    this.#shares.endEpoch();
    for (const worker of this.#workers) worker.release();
    this.#workers = [];
  }

  /** New threads for all: what the lost one has done, nobody knows. */
  #lose(): void {
    this.#end();
    this.#losses += 1;
    this.prepare();
    if (this.#losses < mostLosses) return;
    // oxlint-disable-next-line no-console -- slower than before, and nowhere else to say so
    console.warn('Spikeloom goes on with one thread: those of the engine were ended from outside.');
  }

  async #start(): Promise<void> {
    const { memory, module } = this.#memory;
    const { epoch } = this.#shares;
    const started = await Promise.allSettled(
      Array.from({ length: this.threads - 1 }, async (_, index) =>
        startWorker(
          {
            module,
            memory,
            names: this.#names,
            control: this.#control,
            words: controlWords(this.threads),
            index: index + 1,
            epoch,
          },
          () => {
            if (this.#shares.epoch === epoch) this.#lose();
          },
        ),
      ),
    );
    const workers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const fault = started.find((one) => one.status === 'rejected');
    const isStopped = this.#shares.epoch !== epoch;
    if (fault || isStopped) for (const worker of workers) worker.release();
    // The next one who needs threads tries again.
    if (fault && !isStopped) this.#starting = undefined;
    if (fault) throw fault.reason;
    if (isStopped) return;
    this.#workers = workers;
    this.#isUp = true;
  }
}

function threadLost(): SpikeloomError {
  return new SpikeloomError({
    code: 'run-failed',
    message: 'a thread of the engine ended in the middle of a run',
    fix: 'run again: the engine goes on with new threads, or with one; wasmBackend({ threads: 1 }) needs none',
  });
}
