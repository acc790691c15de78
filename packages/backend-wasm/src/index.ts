import { tfjsDevice } from '@spikeloom/backend-tfjs';
import { type Backend, createBackend } from '@spikeloom/runtime';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { countNonZero } from './count-non-zero.ts';
import { type Heap, openHeap, takeRows } from './heap.ts';
import { batchNormKernels } from './kernels/batch-norms.ts';
import { choiceKernels } from './kernels/choices.ts';
import { compensatedMatmul } from './kernels/compensated-matmul.ts';
import { conv2dInputGradient } from './kernels/conv2d-input-gradient.ts';
import { conv2dWeightGradient } from './kernels/conv2d-weight-gradient.ts';
import { conv2d } from './kernels/conv2d.ts';
import { copyKernels } from './kernels/copies.ts';
import { elementwiseKernels } from './kernels/elementwise.ts';
import { compensatedFunctions, plainFunctions } from './kernels/functions.ts';
import { lif } from './kernels/lif.ts';
import { linear, matmul } from './kernels/matmul.ts';
import { differentialThreshold, multiThreshold } from './kernels/multi-threshold.ts';
import { neuronSequenceGradient } from './kernels/neuron-sequence-gradient.ts';
import { neuronSequence } from './kernels/neuron-sequence.ts';
import { poolingKernels } from './kernels/pooling.ts';
import { reductionKernels } from './kernels/reductions.ts';
import { rowIndexingKernels } from './kernels/row-indexing.ts';
import { locationOf } from './read-binary.ts';

export { wasmMemoryBytes } from './memory-bytes.ts';
export { measureRoofline, type Roofline } from './roofline.ts';

export interface WasmBackendOptions {
  /**
   * Threads to use where the platform allows it (a cross-origin isolated page); tfjs decides by default.
   * Counts only before the first program is compiled.
   */
  readonly threads?: number;
}

/** WebAssembly with SIMD: tfjs operators, and our own kernels on the same memory. */
export function wasmBackend(options: WasmBackendOptions = {}): Backend {
  let heap: Heap | undefined;
  // Kernels run after ready(), so the heap is there.
  const current = (): Heap => heap!;
  const device = tfjsDevice({
    name: 'wasm',
    tfjsBackend: 'wasm',
    kernels: [
      ...batchNormKernels(current),
      ...choiceKernels(current),
      ...compensatedFunctions(current),
      ...copyKernels(current),
      ...elementwiseKernels(current),
      ...plainFunctions(current),
      ...poolingKernels(current),
      ...reductionKernels(current),
      ...rowIndexingKernels(current),
      compensatedMatmul(current),
      conv2d(current),
      conv2dInputGradient(current),
      conv2dWeightGradient(current),
      differentialThreshold(current),
      lif(current),
      linear(current),
      matmul(current),
      multiThreshold(current),
      neuronSequence(current),
      neuronSequenceGradient(current),
    ],
    beforeReady: () => {
      setWasmPaths(binaryLocations());
      if (options.threads !== undefined) setThreadsCount(options.threads);
    },
    ready: async () => {
      heap ??= await openHeap();
    },
  });
  return createBackend({
    ...device,
    // The kernel reads numbers of four bytes.
    countNonZero: (handle, keep) =>
      handle.dtype === 'bool'
        ? device.countNonZero(handle, keep)
        : countNonZero(current(), handle, keep),
    take: (handle, rows, axis) => takeRows(current(), handle, rows, axis),
  });
}

/** The binaries of tfjs, copied beside ours when the package is built. */
function binaryLocations(): Record<
  'tfjs-backend-wasm.wasm' | 'tfjs-backend-wasm-simd.wasm' | 'tfjs-backend-wasm-threaded-simd.wasm',
  string
> {
  return {
    'tfjs-backend-wasm.wasm': locationOf(
      new URL('../wasm/tfjs-backend-wasm.wasm', import.meta.url),
    ),
    'tfjs-backend-wasm-simd.wasm': locationOf(
      new URL('../wasm/tfjs-backend-wasm-simd.wasm', import.meta.url),
    ),
    'tfjs-backend-wasm-threaded-simd.wasm': locationOf(
      new URL('../wasm/tfjs-backend-wasm-threaded-simd.wasm', import.meta.url),
    ),
  };
}
