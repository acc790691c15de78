/** Starts the threads of the engine, in Node and in browsers. */
import { SpikeloomError } from '@spikeloom/ir';

/** What `worker/engine-worker.mjs` is given. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly names: readonly string[];
  readonly control: number;
  readonly words: number;
  readonly index: number;
  readonly epoch: number;
}

export interface Thread {
  /** Ends the thread, if it has not ended itself. */
  release(): void;
}

/** The parts of Node this file uses, if it runs there. */
interface NodeProcess {
  getBuiltinModule?(name: 'node:worker_threads'): NodeThreads;
}

interface NodeThreads {
  readonly Worker: new (
    url: URL,
    options: { readonly execArgv: readonly string[] },
  ) => {
    once(event: 'message' | 'error' | 'exit', handle: (value: unknown) => void): unknown;
    postMessage(value: unknown): void;
    unref(): void;
    terminate(): unknown;
  };
}

/** Whether threads can share memory here: always in Node, in browsers on pages that are cross-origin isolated. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer !== 'function') return false;
  const { crossOriginIsolated } = globalThis as { readonly crossOriginIsolated?: boolean };
  return nodeThreads() !== undefined || crossOriginIsolated === true;
}

/**
 * Starts a thread; resolves when it waits for work.
 *
 * @param lost called when it ends afterwards without having been released
 */
export async function startWorker(start: WorkerStart, lost: () => void): Promise<Thread> {
  const inNode = nodeThreads();
  return inNode ? startInNode(inNode, start, lost) : startInBrowser(start, lost);
}

/** Asking the process keeps bundlers for the browser from looking for node:worker_threads. */
function nodeThreads(): NodeThreads | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  return process?.getBuiltinModule?.('node:worker_threads');
}

async function startInNode(
  { Worker: NodeWorker }: NodeThreads,
  start: WorkerStart,
  lost: () => void,
): Promise<Thread> {
  let isReleased = false;
  const worker = new NodeWorker(new URL('../../worker/engine-worker.mjs', import.meta.url), {
    // Options of the process, such as `--input-type`, need not suit a file.
    execArgv: [],
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', (message) => settle(message, resolve, reject));
    worker.once('error', (cause) => reject(notStarted(cause)));
    worker.once('exit', (code) => reject(notStarted(code)));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    worker.postMessage(start);
  });
  worker.once('exit', () => {
    if (!isReleased) lost();
  });
  // A process may end while its threads wait.
  worker.unref();
  return {
    release() {
      isReleased = true;
      void worker.terminate();
    },
  };
}

/** Pages tell nobody that a thread is gone; only who waits for it notices. */
async function startInBrowser(start: WorkerStart, lost: () => void): Promise<Thread> {
  const worker = new Worker(new URL('../../worker/engine-worker.mjs', import.meta.url), {
    type: 'module',
  });
  await new Promise<void>((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => settle(data, resolve, reject), { once: true });
    worker.addEventListener('error', (event) => reject(notStarted(event)), { once: true });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    worker.postMessage(start);
  });
  worker.addEventListener('error', lost, { once: true });
  return {
    release() {
      worker.removeEventListener('error', lost);
      worker.terminate();
    },
  };
}

/** A thread says "ready", or what went wrong. */
function settle(message: unknown, resolve: () => void, reject: (reason: Error) => void): void {
  if (message === 'ready') resolve();
  else reject(notStarted(message));
}

function notStarted(cause: unknown): SpikeloomError {
  return new SpikeloomError(
    {
      code: 'unsupported',
      path: 'backend wasm',
      message: 'a thread could not be started',
      fix: 'use wasmBackend({ threads: 1 })',
    },
    { cause },
  );
}
