import { tfjsDevice } from '@spikeloom/backend-tfjs';
import type { Graph } from '@spikeloom/ir';
import {
  type Backend,
  type CompileOptions,
  createProgram,
  type Device,
  operatorRoute,
  type Route,
} from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { countNonZero } from './count-non-zero.ts';
import { singleThread } from './engine/dispatch.ts';
import { type EngineMemory, openEngine } from './engine/memory.ts';
import { engineRoute } from './engine/route.ts';
import type { NumberMode } from './engine/stage.ts';
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
import { multiThreshold } from './kernels/multi-threshold.ts';
import { neuronSequenceGradient } from './kernels/neuron-sequence-gradient.ts';
import { neuronSequence } from './kernels/neuron-sequence.ts';
import { poolingKernels } from './kernels/pooling.ts';
import { reductionKernels } from './kernels/reductions.ts';
import { rowIndexingKernels } from './kernels/row-indexing.ts';
import { locationOf } from './read-binary.ts';

export interface WasmBackendOptions {
  /**
   * Threads to use where the platform allows it (a cross-origin isolated page); tfjs decides by default.
   * Counts only before the first program is compiled.
   */
  readonly threads?: number;
  /**
   * How the weights of event-driven layers are kept. `float32` gives the results of the operators up to the
   * order of sums. `int16` rounds every output's weights to whole steps and adds them without rounding: twice
   * as many at once.
   */
  readonly mode?: NumberMode;
  /**
   * Whether graphs run through the event-driven engine: `auto` (default) where something in them is driven by
   * spikes, `off` never.
   */
  readonly engine?: 'auto' | 'off';
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
  const complete: Device<TfTensor> = {
    ...device,
    // The kernel reads numbers of four bytes.
    countNonZero: (handle, keep) =>
      handle.dtype === 'bool'
        ? device.countNonZero(handle, keep)
        : countNonZero(current(), handle, keep),
    take: (handle, rows, axis) => takeRows(current(), handle, rows, axis),
  };
  let memory: Promise<EngineMemory> | undefined;
  return {
    name: device.name,
    async compile(graph, compileOptions) {
      await complete.ready?.();
      const { mode = 'float32', engine = 'auto' } = options;
      const throughEngine =
        engine === 'off' ? undefined : await openRoute(graph, compileOptions, mode);
      return createProgram(
        graph,
        compileOptions,
        throughEngine ?? operatorRoute(complete, graph, compileOptions),
      );
    },
  };

  async function openRoute(
    graph: Graph,
    compileOptions: CompileOptions,
    mode: NumberMode,
  ): Promise<Route | undefined> {
    memory ??= openEngine(false);
    const opened = await memory;
    const dispatcher = singleThread(opened);
    return engineRoute(
      { device: complete, heap: current, memory: opened, dispatcher, mode },
      graph,
      compileOptions,
    );
  }
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
