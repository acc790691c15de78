import { type DType, sizeOf, SpikeloomError } from '@spikeloom/ir';
import * as tf from '@tensorflow/tfjs-core';
import { Allocations, type Allocator, isAllocator } from './allocations.ts';
import type { ConvolutionExports } from './convolution-exports.ts';
import type { ElementwiseExports } from './elementwise-exports.ts';
import type { NeuronExports } from './neuron-exports.ts';
import type { NormalisationExports } from './normalisation-exports.ts';
import type { PoolingExports } from './pooling-exports.ts';
import { readBinary } from './read-binary.ts';

/** What `assembly/index.ts` exports: addresses, then sizes and numbers. The sources say what each means. */
export interface KernelExports
  extends
    ConvolutionExports,
    ElementwiseExports,
    NeuronExports,
    NormalisationExports,
    PoolingExports {
  addInto(sum: number, x: number, length: number): void;
  compare(
    a: number,
    b: number,
    out: number,
    length: number,
    aStep: number,
    bStep: number,
    kind: number,
  ): void;
  compensatedGelu(
    x: number,
    sum: number,
    before: number,
    out: number,
    length: number,
    t: number,
  ): void;
  compensatedLayerNorm(
    x: number,
    weight: number,
    bias: number,
    sum: number,
    before: number,
    out: number,
    rows: number,
    width: number,
    epsilon: number,
    t: number,
  ): void;
  compensatedProduct(
    a: number,
    b: number,
    sumA: number,
    sumB: number,
    product: number,
    out: number,
    packed: number,
    batch: number,
    rows: number,
    columns: number,
    inner: number,
    aRow: number,
    aColumn: number,
    bRow: number,
    bColumn: number,
    t: number,
  ): void;
  compensatedSoftmax(
    x: number,
    sum: number,
    before: number,
    out: number,
    rows: number,
    width: number,
    t: number,
  ): void;
  copyStrided(x: number, out: number, ...sizesThenStrides: number[]): void;
  countNonZero(x: number, out: number, outer: number, middle: number, inner: number): void;
  emitProduct(out: number, product: number, length: number, t: number): void;
  gelu(x: number, out: number, length: number): void;
  gemm(
    a: number,
    b: number,
    bias: number,
    out: number,
    packed: number,
    batch: number,
    rows: number,
    columns: number,
    inner: number,
    aBatch: number,
    aRow: number,
    aColumn: number,
    bBatch: number,
    bRow: number,
    bColumn: number,
    accumulate: number,
  ): void;
  layerNormRows(
    x: number,
    weight: number,
    bias: number,
    out: number,
    rows: number,
    width: number,
    epsilon: number,
  ): void;
  lif(
    v: number,
    x: number,
    out: number,
    length: number,
    tau: number,
    threshold: number,
    rest: number,
    flags: number,
  ): void;
  multiThreshold(
    v: number,
    x: number,
    out: number,
    positive: number,
    negative: number,
    levels: number,
    ...sizesThenStrides: number[]
  ): void;
  nearestThreshold(
    v: number,
    x: number,
    out: number,
    length: number,
    kept: number,
    table: number,
    perOctave: number,
    levels: number,
  ): void;
  select(
    condition: number,
    a: number,
    b: number,
    out: number,
    length: number,
    aStep: number,
    bStep: number,
  ): void;
  softmaxRows(x: number, out: number, rows: number, width: number): void;
}

/** The parts of the tfjs WASM backend that place tensors in memory; checked when it is first used. */
interface TfjsWasm {
  /** The threaded binary is given its memory, the others bring their own. */
  readonly wasm: Allocator & {
    readonly wasmMemory?: WebAssembly.Memory;
    readonly asm: { readonly memory?: WebAssembly.Memory };
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } | undefined };
  makeOutput(shape: number[], dtype: DType): tf.TensorInfo;
}

/** Our kernels on the linear memory of tfjs: a tensor of one is a tensor of the other. */
export class Heap {
  readonly kernels: KernelExports;
  readonly allocations: Allocations;
  /** Whether the kernels multiply bytes by instructions of relaxed SIMD. */
  readonly isRelaxed: boolean;
  readonly #backend: TfjsWasm;
  readonly #memory: WebAssembly.Memory;

  constructor(
    kernels: KernelExports,
    backend: TfjsWasm,
    memory: WebAssembly.Memory,
    isRelaxed: boolean,
  ) {
    this.kernels = kernels;
    this.allocations = allocationsOf(backend, memory);
    this.isRelaxed = isRelaxed;
    this.#backend = backend;
    this.#memory = memory;
  }

  /** Where the elements of a tensor begin. */
  address(tensor: tf.Tensor): number {
    return this.#backend.dataIdMap.get(tensor.dataId)!.memoryOffset;
  }

  /** The whole memory; it moves when tensors are allocated. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }

  /** A new tensor with undefined content. Throws `too-large` where there is no room for it. */
  allocate(shape: readonly number[], dtype: DType = 'float32'): tf.Tensor {
    const info = this.#backend.makeOutput([...shape], dtype);
    // Another backend may be the current one of tfjs.
    const tensor = tf.engine().makeTensorFromTensorInfo(info, tf.findBackend('wasm'));
    this.allocations.add(tensor);
    return tensor;
  }
}

const watched = new WeakMap<TfjsWasm, Allocations>();

/** Of one tfjs backend there may be several heaps, and its allocations are watched once. */
function allocationsOf(backend: TfjsWasm, memory: WebAssembly.Memory): Allocations {
  const known = watched.get(backend);
  if (known) return known;
  const allocations = new Allocations(backend.wasm, memory);
  watched.set(backend, allocations);
  return allocations;
}

/** The chosen rows along an axis, as a new tensor. Neighbouring rows move together. */
export function takeRows(
  heap: Heap,
  x: tf.Tensor,
  rows: readonly number[],
  axis: number,
): tf.Tensor {
  const shape = x.shape.map((dim, index) => (index === axis ? rows.length : dim));
  const out = heap.allocate(shape, x.dtype as DType);
  const outer = sizeOf(x.shape.slice(0, axis));
  const rowBytes = sizeOf(x.shape.slice(axis + 1)) * (x.dtype === 'bool' ? 1 : 4);
  const [from, to] = [heap.address(x), heap.address(out)];
  const bytes = heap.bytes();
  for (let block = 0; block < outer; block++) {
    const source = from + block * x.shape[axis]! * rowBytes;
    const target = to + block * rows.length * rowBytes;
    for (let start = 0; start < rows.length;) {
      let end = start + 1;
      while (end < rows.length && rows[end] === rows[end - 1]! + 1) end += 1;
      const first = source + rows[start]! * rowBytes;
      bytes.copyWithin(target + start * rowBytes, first, first + (end - start) * rowBytes);
      start = end;
    }
  }
  return out;
}

const kernelsUrl = new URL('../wasm/kernels.wasm', import.meta.url);
const sharedKernelsUrl = new URL('../wasm/kernels-shared.wasm', import.meta.url);
const relaxedKernelsUrl = new URL('../wasm/kernels-relaxed.wasm', import.meta.url);
const sharedRelaxedKernelsUrl = new URL('../wasm/kernels-relaxed-shared.wasm', import.meta.url);

/**
 * Puts our kernels on the memory of the running tfjs WASM backend, shared between threads or not. `relaxed`
 * takes those that need relaxed SIMD: the same kernels with the same results, faster on bytes.
 */
export async function openHeap({ relaxed }: { readonly relaxed: boolean }): Promise<Heap> {
  const { backend, memory } = tfjsWasm();
  const isShared =
    typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer;
  const plain = isShared ? sharedKernelsUrl : kernelsUrl;
  const faster = isShared ? sharedRelaxedKernelsUrl : relaxedKernelsUrl;
  const bytes = await readBinary(relaxed ? faster : plain);
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
  return new Heap(instance.exports as unknown as KernelExports, backend, memory, relaxed);
}

function tfjsWasm(): { backend: TfjsWasm; memory: WebAssembly.Memory } {
  const candidate = tf.findBackend('wasm') as Partial<TfjsWasm> & object;
  const memory = candidate.wasm?.wasmMemory ?? candidate.wasm?.asm?.memory;
  const known =
    memory instanceof WebAssembly.Memory &&
    isAllocator(candidate.wasm) &&
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
  return { backend: candidate as TfjsWasm, memory };
}
