import { type DType, SpikeloomError } from '@spikeloom/ir';
import * as tf from '@tensorflow/tfjs-core';
import { readBinary } from './read-binary.ts';

/** What `assembly/index.ts` exports. Addresses and lengths are whole numbers. */
export interface KernelExports {
  countNonZero(x: number, out: number, outer: number, middle: number, inner: number): void;
  lif(v: number, x: number, out: number, length: number, tau: number, threshold: number, rest: number, flags: number): void;
  multiThreshold(v: number, x: number, out: number, length: number, positive: number, negative: number, levels: number): void;
}

/** The parts of the tfjs WASM backend that place tensors in memory; checked when it is first used. */
interface TfjsWasm {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } | undefined };
  makeOutput(shape: number[], dtype: DType): tf.TensorInfo;
}

/** Our kernels on the linear memory of tfjs: a tensor of one is a tensor of the other. */
export class Heap {
  readonly kernels: KernelExports;
  readonly #backend: TfjsWasm;

  constructor(kernels: KernelExports, backend: TfjsWasm) {
    this.kernels = kernels;
    this.#backend = backend;
  }

  /** Where the elements of a tensor begin. */
  address(tensor: tf.Tensor): number {
    return this.#backend.dataIdMap.get(tensor.dataId)!.memoryOffset;
  }

  /** A new tensor with undefined content. */
  allocate(shape: readonly number[], dtype: DType = 'float32'): tf.Tensor {
    const info = this.#backend.makeOutput([...shape], dtype);
    return tf.engine().makeTensorFromTensorInfo(info);
  }
}

const kernelsUrl = new URL('../wasm/kernels.wasm', import.meta.url);
const sharedKernelsUrl = new URL('../wasm/kernels-shared.wasm', import.meta.url);

/** Puts our kernels on the memory of the running tfjs WASM backend, shared between threads or not. */
export async function openHeap(): Promise<Heap> {
  const backend = tfjsWasm();
  const { memory } = backend.wasm.asm;
  const isShared = typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  const bytes = await readBinary(isShared ? sharedKernelsUrl : kernelsUrl);
  if (!WebAssembly.validate(bytes)) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: 'backend wasm',
      message: 'this platform has no WebAssembly SIMD',
      fix: 'update the browser, or use @spikeloom/backend-tfjs',
    });
  }
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  // The binary is built from assembly/index.ts beside this file.
  return new Heap(instance.exports as unknown as KernelExports, backend);
}

function tfjsWasm(): TfjsWasm {
  const candidate = tf.backend() as Partial<TfjsWasm> & object;
  const known =
    candidate.wasm?.asm?.memory instanceof WebAssembly.Memory &&
    typeof candidate.dataIdMap?.get === 'function' &&
    typeof candidate.makeOutput === 'function';
  if (!known) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: 'backend wasm',
      message: 'this version of @tensorflow/tfjs-backend-wasm keeps its memory elsewhere',
      expected: 'version 4.22',
      fix: 'install @tensorflow/tfjs-backend-wasm@4.22',
    });
  }
  return candidate as TfjsWasm;
}
