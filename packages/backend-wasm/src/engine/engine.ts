/** The engine of a backend: one memory for all its programs, and the threads on it. */
import type { Graph } from '@spikeloom/ir';
import type { CompileOptions, Device } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { type Dispatcher, singleThread } from './dispatch.ts';
import { type EngineMemory, openEngine } from './memory.ts';
import { engineRoute, type EngineRoute } from './route.ts';
import type { NumberMode } from './stage.ts';
import { mostThreads, ThreadPool } from './threads.ts';
import { canShareMemory } from './worker.ts';

export interface EngineOptions {
  readonly device: Device<TfTensor>;
  readonly heap: () => Heap;
  readonly mode: NumberMode;
  /** How many threads to use; by default the cores there are, at most four, and only for large networks. */
  readonly threads: number | undefined;
  /** Whether graphs run through it that are not driven by events. */
  readonly always: boolean;
  readonly partBytes?: number | undefined;
}

/** More threads than this wait for memory rather than compute. */
const usualThreads = 4;

export class Engine {
  readonly #options: EngineOptions;
  #opened: Promise<Opened> | undefined;
  #memory: EngineMemory | undefined;
  #pool: ThreadPool | undefined;
  /** Programs that may still run. */
  #routes = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Bytes the memory has grown to; 0 before a program is compiled. */
  get memoryBytes(): number {
    return this.#memory?.size ?? 0;
  }

  get bytesInUse(): number {
    return this.#memory?.used ?? 0;
  }

  /** Threads that share the work at this moment. */
  get threads(): number {
    return this.#pool?.isUp ? this.#pool.threads : 1;
  }

  /** Compiles a graph; undefined where nothing in it is driven by events. */
  async route(graph: Graph, options: CompileOptions): Promise<EngineRoute | undefined> {
    const opened = await (this.#opened ??= this.#open());
    const { pool } = opened;
    const ended = (): void => {
      this.#routes -= 1;
      if (this.#routes === 0) pool?.stop();
    };
    const route = engineRoute({ ...this.#options, ...opened, ended }, graph, options);
    if (!route) return undefined;
    this.#routes += 1;
    try {
      // Asked for, they are there from the first run on.
      if (this.#options.threads !== undefined) await pool?.start();
    } catch (error) {
      route.dispose();
      throw error;
    }
    return route;
  }

  async #open(): Promise<Opened> {
    const { threads: wanted } = this.#options;
    const threads = Math.min(mostThreads, wanted ?? Math.min(usualThreads, coreCount()));
    if (threads > 1 && canShareMemory()) {
      const memory = (this.#memory = await openEngine(true));
      const pool = (this.#pool = new ThreadPool(memory, threads));
      return { memory, dispatcher: pool, pool };
    }
    if (wanted !== undefined && wanted > 1) sayOnce();
    const memory = (this.#memory = await openEngine(false));
    return { memory, dispatcher: singleThread(memory), pool: undefined };
  }
}

interface Opened {
  readonly memory: EngineMemory;
  readonly dispatcher: Dispatcher;
  readonly pool: ThreadPool | undefined;
}

let isSaid = false;

/** Of all backends of a page, one says so. */
function sayOnce(): void {
  if (isSaid) return;
  isSaid = true;
  // oxlint-disable-next-line no-console -- slower than what was asked for, and nowhere else to say so
  console.warn(
    'Spikeloom runs on one thread: this page is not cross-origin isolated, which threads need.',
  );
}

function coreCount(): number {
  const { navigator } = globalThis as { navigator?: { readonly hardwareConcurrency?: number } };
  return navigator?.hardwareConcurrency ?? 1;
}
