import { SpikeloomError } from '@spikeloom/ir';
import { readBinary } from '../read-binary.ts';

/** A kernel of the engine: works on some units of what a descriptor in memory says. */
export type EngineKernel = (descriptor: number, first: number, last: number) => void;

/** A stretch of the engine's memory. */
export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/** Regions begin at cache lines. */
const line = 64;
const pageBytes = 65536;
const maximumPages = 65536;

/**
 * The linear memory that static plans live in: one region for the weights of a program, one for each of its
 * runs. A run allocates nothing.
 */
export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly kernels: Readonly<Record<string, EngineKernel>>;
  /** Free regions by address; neighbours are one. */
  #free: Region[] = [];
  #used = 0;

  constructor(
    memory: WebAssembly.Memory,
    module: WebAssembly.Module,
    kernels: Readonly<Record<string, EngineKernel>>,
  ) {
    this.memory = memory;
    this.module = module;
    this.kernels = kernels;
    const { byteLength } = memory.buffer;
    // Address 0 stays empty: descriptors say "none" with it.
    if (byteLength > line) this.#free = [{ address: line, bytes: byteLength - line }];
  }

  /** Bytes in regions that are not free. */
  get used(): number {
    return this.#used;
  }

  /** Bytes the memory has grown to: it never shrinks. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  words(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }

  /** Room with undefined content. Throws `too-large` beyond 4 GiB. */
  allocate(wanted: number): Region {
    const bytes = Math.max(line, Math.ceil(wanted / line) * line);
    const index = this.#free.findIndex((region) => region.bytes >= bytes);
    if (index < 0) {
      this.#grow(bytes);
      return this.allocate(bytes);
    }
    const found = this.#free[index]!;
    const rest = { address: found.address + bytes, bytes: found.bytes - bytes };
    this.#free.splice(index, 1, ...(rest.bytes > 0 ? [rest] : []));
    this.#used += bytes;
    return { address: found.address, bytes };
  }

  free(region: Region): void {
    this.#used -= region.bytes;
    this.#insert(region);
  }

  #insert(region: Region): void {
    const regions = [...this.#free, region].toSorted((a, b) => a.address - b.address);
    this.#free = [];
    for (const next of regions) {
      const before = this.#free.at(-1);
      if (before && before.address + before.bytes === next.address) {
        this.#free[this.#free.length - 1] = {
          address: before.address,
          bytes: before.bytes + next.bytes,
        };
      } else this.#free.push(next);
    }
  }

  #grow(bytes: number): void {
    const { byteLength } = this.memory.buffer;
    const pages = Math.ceil((bytes + line) / pageBytes);
    try {
      if (byteLength / pageBytes + pages > maximumPages) throw new RangeError('4 GiB');
      this.memory.grow(pages);
    } catch (error) {
      throw new SpikeloomError(
        {
          code: 'too-large',
          path: 'backend wasm',
          message: 'the plan of this run does not fit into the memory of WebAssembly',
          expected: 'at most 4 GiB in all',
          got: `${byteLength} bytes in use, ${bytes} more wanted`,
          fix: 'run smaller batches or fewer timesteps at a time',
        },
        { cause: error },
      );
    }
    const address = Math.max(line, byteLength);
    this.#insert({ address, bytes: this.memory.buffer.byteLength - address });
  }
}

const url = new URL('../../wasm/engine.wasm', import.meta.url);
const sharedUrl = new URL('../../wasm/engine-shared.wasm', import.meta.url);

/** A memory of its own with the kernels on it; threads need one that they share. */
export async function openEngine(isShared: boolean): Promise<EngineMemory> {
  const memory = new WebAssembly.Memory({
    initial: 16,
    maximum: maximumPages,
    ...(isShared ? { shared: true } : {}),
  });
  const bytes = await readBinary(isShared ? sharedUrl : url);
  const { module, instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  // The binary is built from assembly/engine/index.ts beside this file.
  return new EngineMemory(memory, module, instance.exports as Record<string, EngineKernel>);
}
