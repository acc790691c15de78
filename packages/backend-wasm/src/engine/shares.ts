/** A call in shares, one for each thread: offered, taken and finished by words that all threads see. */

/** What one thread does of a call. */
export interface Share {
  readonly descriptor: number;
  readonly first: number;
  readonly last: number;
}

/** How the shares of a call ended: with a thread that stopped in its kernel, or one that is gone. */
export type Outcome = 'finished' | 'failed' | 'lost';

/** Words of a cache line: what one thread writes often is in a line that the others do not wait on. */
const line = 16;

/**
 * Control words. The caller writes generation, kernel and epoch; a thread ends when the epoch is no longer the one
 * it was started in. Threads count up `ended` with every share, so that the caller may sleep on it. Then
 * a line for each thread: the state of its share, descriptor, first and last unit.
 */
const [generation, kernelIndex, epoch] = [0, 1, 2];
const ended = line;
const shareOf = (thread: number): number => line * (thread + 1);

/** Words for so many threads, the calling one included. */
export const controlWords = (threads: number): number => shareOf(threads);

/** States of a share, counted from the generation of its call: late news of another call never fits. */
const states = 4;
const [taken, finished, failed] = [1, 2, 3];

/** Looks at a word so often before anything else: threads mostly end at the same time. */
const spins = 20_000;

/** Milliseconds of one look at a thread that takes long. */
const nap = 50;

export class Shares {
  readonly #words: Int32Array;
  readonly #threads: number;
  /** How many naps a thread may take longer than the calling one. */
  readonly #naps: number;
  readonly #maySleep: boolean;

  /** @param patience milliseconds after which a thread that does not end its share is taken for lost */
  constructor(words: Int32Array, threads: number, patience: number) {
    this.#words = words.fill(0);
    this.#threads = threads;
    this.#naps = Math.ceil(patience / nap);
    this.#maySleep = maySleep(words);
  }

  /** The epoch in which threads are started. */
  get epoch(): number {
    return Atomics.load(this.#words, epoch);
  }

  /** Ends the threads of this epoch. */
  endEpoch(): void {
    Atomics.add(this.#words, epoch, 1);
    Atomics.add(this.#words, generation, states);
    Atomics.notify(this.#words, generation);
  }

  /** Offers the other threads their shares of a call. */
  offer(kernel: number, share: (thread: number) => Share): void {
    const words = this.#words;
    const call = (Atomics.load(words, generation) + states) | 0;
    words[kernelIndex] = kernel;
    for (let thread = 1; thread < this.#threads; thread++) {
      const own = shareOf(thread);
      const { descriptor, first, last } = share(thread);
      words[own + 1] = descriptor;
      words[own + 2] = first;
      words[own + 3] = last;
      Atomics.store(words, own, call);
    }
    Atomics.store(words, generation, call);
    Atomics.notify(words, generation);
  }

  /**
   * Waits until every share has ended. Shares that a thread did not even begin, because it is gone or has to wait
   * for a core, are done by `work`.
   */
  wait(work: (thread: number) => void): Outcome {
    let outcome: Outcome = 'finished';
    for (let thread = 1; thread < this.#threads; thread++) {
      const own = shareOf(thread);
      if (!this.#spin(own)) {
        if (this.#takeOver(own)) work(thread);
        else if (!this.#sleep(own)) return 'lost';
      }
      if (stateOf(this.#words, own) === failed) outcome = 'failed';
    }
    return outcome;
  }

  #spin(own: number): boolean {
    for (let spin = 0; spin < spins; spin++) if (hasEnded(this.#words, own)) return true;
    return false;
  }

  #takeOver(own: number): boolean {
    const call = Atomics.load(this.#words, generation);
    return Atomics.compareExchange(this.#words, own, call, call + finished) === call;
  }

  /** Waits for a thread that is in its kernel; false when it takes so long that it must be gone. */
  #sleep(own: number): boolean {
    const words = this.#words;
    // Naps are counted instead of time: a machine that was asleep does not make a thread late.
    for (let naps = 0; naps < this.#naps;) {
      const seen = Atomics.load(words, ended);
      if (hasEnded(words, own)) return true;
      if (this.#maySleep) naps += Atomics.wait(words, ended, seen, nap) === 'timed-out' ? 1 : 0;
      else {
        const until = performance.now() + nap;
        while (performance.now() < until) if (this.#spin(own)) return true;
        naps += 1;
      }
    }
    return hasEnded(words, own);
  }
}

function stateOf(words: Int32Array, own: number): number {
  return Atomics.load(words, own) & (states - 1);
}

function hasEnded(words: Int32Array, own: number): boolean {
  return stateOf(words, own) > taken;
}

/** The main thread of a browser must not sleep. */
function maySleep(words: Int32Array): boolean {
  try {
    // Returns at once where it is allowed: the word holds 0.
    Atomics.wait(words, ended, 1, 0);
    return true;
  } catch {
    return false;
  }
}
