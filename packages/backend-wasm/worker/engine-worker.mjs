// A thread of the engine: waits for calls of kernels on the shared memory and does its share of each. Plain
// JavaScript, so that Node and browsers load it as it stands.
//
// The control words, as in src/engine/shares.ts: generation, kernel and epoch (another than its own ends a thread);
// in the next line, how many shares have ended; then a line for every thread with the state of its share, its
// descriptor and its units.

const line = 16;
const [generation, kernelIndex, currentEpoch] = [0, 1, 2];
const ended = line;
// States of a share, counted from the generation of its call.
const [taken, finished, failed] = [1, 2, 3];

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

function work({ memory, names, control, words: length, index, epoch }, exports) {
  const words = new Int32Array(memory.buffer, control, length);
  const kernels = names.map((name) => exports[name]);
  const own = line * (index + 1);
  // Generations from here on are for this thread too.
  let call = Atomics.load(words, generation);
  port.send('ready');
  while (Atomics.load(words, currentEpoch) === epoch) {
    call = waitForNext(words, call);
    // A thread that comes late finds its share done by the caller.
    if (Atomics.compareExchange(words, own, call, call + taken) !== call) continue;
    let state = finished;
    try {
      kernels[words[kernelIndex]](words[own + 1], words[own + 2], words[own + 3]);
    } catch {
      state = failed;
    }
    Atomics.compareExchange(words, own, call + taken, call + state);
    Atomics.add(words, ended, 1);
    Atomics.notify(words, ended);
  }
}

/** Spins a little, because the next call usually follows at once, then sleeps. */
function waitForNext(words, seen) {
  for (let spin = 0; spin < spins; spin++) {
    const call = Atomics.load(words, generation);
    if (call !== seen) return call;
  }
  for (;;) {
    Atomics.wait(words, generation, seen);
    const call = Atomics.load(words, generation);
    if (call !== seen) return call;
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
