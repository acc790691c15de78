import type { Device } from './device.ts';

/** Counts who holds a device value and frees it when nobody does. */
export class Handles<H> {
  readonly #device: Device<H>;
  readonly #holders = new Map<H, number>();

  constructor(device: Device<H>) {
    this.#device = device;
  }

  retain(handle: H): H {
    this.#holders.set(handle, (this.#holders.get(handle) ?? 0) + 1);
    return handle;
  }

  release(handle: H): void {
    const holders = this.#holders.get(handle) ?? 0;
    if (holders > 1) {
      this.#holders.set(handle, holders - 1);
      return;
    }
    this.#holders.delete(handle);
    this.#device.free(handle);
  }

  /** Frees everything that is still held. */
  clear(): void {
    for (const handle of this.#holders.keys()) this.#device.free(handle);
    this.#holders.clear();
  }
}
