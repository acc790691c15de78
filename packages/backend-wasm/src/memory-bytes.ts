import * as tf from '@tensorflow/tfjs-core';

/** The part of the tfjs WASM backend that is used here. */
interface HasMemory {
  readonly wasm?: {
    readonly wasmMemory?: WebAssembly.Memory;
    readonly asm?: { readonly memory?: WebAssembly.Memory };
  };
}

/** Bytes of the linear memory, which never shrinks: the most it has been. 0 before a program is compiled. */
export function wasmMemoryBytes(): number {
  const { wasm } = (tf.findBackend('wasm') ?? {}) as HasMemory;
  return (wasm?.wasmMemory ?? wasm?.asm?.memory)?.buffer.byteLength ?? 0;
}
