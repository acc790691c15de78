import type { EngineMemory, Region } from './memory.ts';
import type { PackedNumbers } from './stage.ts';

/** Numbers that stay in memory as long as a program, by name. */
export class Resident {
  readonly #memory: EngineMemory;
  readonly #regions = new Map<string, Region>();

  constructor(memory: EngineMemory) {
    this.#memory = memory;
  }

  get bytes(): number {
    return [...this.#regions.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The address of what is called so; made at the first call. */
  keep(name: string, make: () => PackedNumbers | Uint16Array): number {
    const known = this.#regions.get(name);
    if (known) return known.address;
    const numbers = make();
    const region = this.#memory.allocate(numbers.byteLength);
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    this.#memory.bytes(region.address, bytes.length).set(bytes);
    this.#regions.set(name, region);
    return region.address;
  }

  dispose(): void {
    for (const region of this.#regions.values()) this.#memory.free(region);
    this.#regions.clear();
  }
}
