// A thread of the engine: waits for calls of kernels on the shared memory and does its share of each. Plain
// JavaScript, so that Node and browsers load it as it stands.
//
// The control words, as in src/engine/threads.ts: generation, how many threads are done, kernel, epoch (another
// than its own ends a thread), whether one failed; then for every thread its descriptor and its units.

const spins = 20_000;

const port = openPort();
port.receive(async (start) => {
  try {
    const { exports } = await WebAssembly.instantiate(start.module, {
      env: { memory: start.memory },
    });
    work(start, exports);
  } catch (error) {
    port.send(String(error));
  }
  port.close();
});

function work({ memory, names, control, index, epoch }, exports) {
  const words = new Int32Array(memory.buffer, control, 64);
  const kernels = names.map((name) => exports[name]);
  // Generations from here on are for this thread too.
  let seen = Atomics.load(words, 0);
  port.send('ready');
  for (;;) {
    if (Atomics.load(words, 3) !== epoch) break;
    seen = waitForNext(words, seen);
    if (Atomics.load(words, 3) !== epoch) break;
    const own = 5 + 3 * index;
    try {
      kernels[words[2]](words[own], words[own + 1], words[own + 2]);
    } catch {
      Atomics.store(words, 4, 1);
    }
    Atomics.add(words, 1, 1);
    Atomics.notify(words, 1);
  }
}

/** Spins a little, because the next call usually follows at once, then sleeps. */
function waitForNext(words, seen) {
  for (let spin = 0; spin < spins; spin++) {
    const generation = Atomics.load(words, 0);
    if (generation !== seen) return generation;
  }
  for (;;) {
    Atomics.wait(words, 0, seen);
    const generation = Atomics.load(words, 0);
    if (generation !== seen) return generation;
  }
}

function openPort() {
  if (typeof globalThis.postMessage === 'function') {
    return {
      receive: (handle) => globalThis.addEventListener('message', ({ data }) => handle(data)),
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
      send: (message) => globalThis.postMessage(message),
      close: () => globalThis.close(),
    };
  }
  // Asking the process keeps bundlers for the browser from looking for node:worker_threads.
  const { parentPort } = globalThis.process.getBuiltinModule('node:worker_threads');
  return {
    receive: (handle) => parentPort.once('message', handle),
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
    send: (message) => parentPort.postMessage(message),
    close: () => parentPort.close(),
  };
}
