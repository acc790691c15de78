import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';

/** Bytes of a cache line. */
const line = 64;

/** Memory for one kernel call, by address. */
export class Scratch {
  readonly #heap: Heap;
  readonly #tensors: TfTensor[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Room for so many elements of four bytes, with undefined content, from the start of a cache line. */
  space(elements: number): number {
    const tensor = this.#heap.allocate([elements + line / 4]);
    this.#tensors.push(tensor);
    return Math.ceil(this.#heap.address(tensor) / line) * line;
  }

  /** Whole numbers for a kernel to look up. */
  table(numbers: readonly number[]): number {
    const address = this.space(numbers.length);
    new Int32Array(this.#heap.bytes().buffer, address, numbers.length).set(numbers);
    return address;
  }

  free(): void {
    for (const tensor of this.#tensors) tensor.dispose();
  }
}
