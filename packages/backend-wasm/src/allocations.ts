// oxlint-disable no-underscore-dangle -- the binary of tfjs calls its functions so
import { SpikeloomError } from '@spikeloom/ir';
import * as tf from '@tensorflow/tfjs-core';

/** How tfjs asks its binary for memory. */
export interface Allocator {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

export function isAllocator(candidate: Partial<Allocator> | undefined): candidate is Allocator {
  return typeof candidate?._malloc === 'function' && typeof candidate._free === 'function';
}

/** The most its memory grows to. */
const heapBytes = 2 ** 32 - 65_536;

/** Operators of tfjs allocate small things of their own, and stop the whole binary if they cannot. */
const sparedBytes = 256 << 10;

/** Smaller ones are not worth remembering. */
const leastBytes = 4096;

/** Watches what is allocated in the heap of tfjs. */
export class Allocations {
  readonly #memory: WebAssembly.Memory;
  readonly #free: (address: number) => void;
  /** Addresses that the kernel under way was given and has not given back, and its tensors. */
  #recent = new Set<number>();
  #tensors: tf.Tensor[] = [];
  #isKernel = false;
  #isTight = false;

  /**
   * From here on an allocation that fails throws `too-large`. The binary answers with address 0, and tfjs would write
   * there.
   */
  constructor(allocator: Allocator, memory: WebAssembly.Memory) {
    this.#memory = memory;
    // The first call of each replaces it by the function of the binary.
    allocator._free(allocator._malloc(1));
    const { _malloc: malloc, _free: free } = allocator;
    this.#free = free;
    allocator._malloc = (bytes) => {
      const address = this.#allocate(malloc, bytes);
      if (this.#isKernel && bytes >= leastBytes) this.#recent.add(address);
      return address;
    };
    allocator._free = (address) => {
      if (this.#isKernel) this.#recent.delete(address >>> 0);
      free(address);
    };
  }

  /**
   * Runs a kernel that leaves nothing behind when it fails, for want of memory above all. Within a kernel, what this
   * makes stays when the kernel around it fails later.
   */
  during<T>(kernel: () => T): T {
    const around = { recent: this.#recent, tensors: this.#tensors, isKernel: this.#isKernel };
    this.#recent = new Set();
    this.#tensors = [];
    this.#isKernel = true;
    try {
      return kernel();
    } catch (error) {
      for (const tensor of this.#tensors) tensor.dispose();
      for (const address of this.#recent) this.#free(address);
      const isAbort =
        error instanceof WebAssembly.RuntimeError && error.message.includes('Aborted');
      throw isAbort && this.#hasLittle ? tooLarge(sparedBytes, error) : error;
    } finally {
      this.#recent = around.recent;
      this.#tensors = around.tensors;
      this.#isKernel = around.isKernel;
    }
  }

  /** Takes note of a tensor that nobody holds yet. */
  add(tensor: tf.Tensor): void {
    if (this.#isKernel) this.#tensors.push(tensor);
  }

  get #hasLittle(): boolean {
    return this.#isTight || this.#memory.buffer.byteLength >= heapBytes;
  }

  #allocate(malloc: (bytes: number) => number, bytes: number): number {
    const address = bytes < heapBytes ? malloc(bytes) >>> 0 : 0;
    // Where address and size pass 4 GiB together, the binary takes the free region there for large enough.
    const isInside = address + bytes <= this.#memory.buffer.byteLength;
    if (address !== 0 && isInside && this.#spares(malloc)) return address;
    this.#isTight = true;
    if (address !== 0) this.#free(address);
    throw tooLarge(bytes);
  }

  /** Whether there is something left for what the operators allocate themselves. */
  #spares(malloc: (bytes: number) => number): boolean {
    if (!this.#hasLittle) return true;
    const spare = malloc(sparedBytes);
    if (spare !== 0) this.#free(spare);
    return spare !== 0;
  }
}

function tooLarge(bytes: number, cause?: unknown): SpikeloomError {
  return new SpikeloomError(
    {
      code: 'too-large',
      message: 'a value does not fit into the memory of the operators',
      expected: `at most ${inMebibytes(heapBytes)} MiB in all`,
      got: `${inMebibytes(bytes)} MiB beside ${inMebibytes(tf.memory().numBytes)} MiB of values`,
      fix: 'run smaller batches or fewer timesteps at a time; a training with recompute keeps less',
    },
    { cause },
  );
}

function inMebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 1 : 0);
}
