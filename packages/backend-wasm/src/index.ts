import { tfjsDevice } from '@spikeloom/backend-tfjs';
import type { Graph } from '@spikeloom/ir';
import {
  type Backend,
  type CompileOptions,
  createProgram,
  type Device,
  type Kernel,
  operatorRoute,
} from '@spikeloom/runtime';
import { env, type Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { countNonZero } from './count-non-zero.ts';
import type { PlanDescription, PlannedStage } from './engine/describe.ts';
import { Engine } from './engine/engine.ts';
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
import { linear } from './kernels/linear.ts';
import { matmul } from './kernels/matmul.ts';
import { differentialThreshold, multiThreshold } from './kernels/multi-threshold.ts';
import { neuronSequenceGradient } from './kernels/neuron-sequence-gradient.ts';
import { neuronSequence } from './kernels/neuron-sequence.ts';
import { poolingKernels } from './kernels/pooling.ts';
import { reductionKernels } from './kernels/reductions.ts';
import { rowIndexingKernels } from './kernels/row-indexing.ts';
import { wasmMemoryBytes } from './memory-bytes.ts';
import { locationOf } from './read-binary.ts';
import { hasRelaxedSimd } from './relaxed-simd.ts';

export { measureRoofline, type Roofline } from './roofline.ts';
export type { NumberMode, PlanDescription, PlannedStage };

export interface WasmBackendOptions {
  /**
   * Threads to use where the platform allows it: in Node, and on cross-origin isolated pages. By default the
   * engine takes the cores there are, at most four, for large networks; results do not depend on it.
   * Operators that the engine does not take run on one.
   */
  readonly threads?: number;
  /**
   * How the weights of event-driven layers are kept. `float32` gives the results of the operators up to the
   * order of sums. `int16` rounds every output's weights to whole steps and adds them without rounding: twice
   * as many at once. `int8` rounds to larger steps, so that the weights of two spikes are added in one byte: four
   * times as many.
   */
  readonly mode?: NumberMode;
  /**
   * Whether graphs run through the event-driven engine: `auto` (default) where something in them is driven by
   * spikes, `always` where the engine can run them at all, `off` never.
   */
  readonly engine?: 'auto' | 'always' | 'off';
  /**
   * A batch runs through the engine in parts of at most so many bytes of values (256 MiB by default), or one sample
   * at a time.
   */
  readonly partBytes?: number;
}

/** The backend, and what it would do with a graph. */
export interface WasmBackend extends Backend {
  /**
   * How the engine would run a graph, all inputs held; undefined where nothing in it is driven by spikes and
   * every operator runs by its own kernel.
   *
   * Throws what `compile` throws.
   */
  explain(
    graph: Graph,
    options: CompileOptions & { readonly samples: number; readonly timesteps: number },
  ): Promise<PlanDescription | undefined>;
  /** Bytes of linear memory, of the operators and of the engine: it never shrinks, so the most there has been. */
  memoryBytes(): number;
  /** Bytes of the engine's memory that programs hold: their weights, and the plans of their runs. */
  bytesInUse(): number;
  /** Threads that share the work of the engine at this moment: 1 until all have started. */
  threads(): number;
}

/** WebAssembly with SIMD: tfjs operators, and our own kernels on the same memory. */
export function wasmBackend(options: WasmBackendOptions = {}): WasmBackend {
  const { mode = 'float32', threads } = options;
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
      linear(current, mode),
      matmul(current),
      multiThreshold(current),
      neuronSequence(current),
      neuronSequenceGradient(current),
    ],
    beforeReady: () => {
      setWasmPaths(binaryLocations());
      // Threads of tfjs load the text of a function, which bundlers have renamed parts of: pages would wait for ever.
      env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    },
    ready: async () => {
      heap ??= await openHeap({ relaxed: mode === 'int8' && hasRelaxedSimd() });
    },
  });
  const complete: Device<TfTensor> = {
    ...device,
    kernels: device.kernels.map((kernel) => watched(current, kernel)),
    // The kernel reads numbers of four bytes.
    countNonZero: (handle, keep) =>
      handle.dtype === 'bool'
        ? device.countNonZero(handle, keep)
        : countNonZero(current(), handle, keep),
    take: (handle, rows, axis) => takeRows(current(), handle, rows, axis),
  };
  const engine = new Engine({
    device: complete,
    heap: current,
    mode,
    threads,
    always: options.engine === 'always',
    partBytes: options.partBytes,
  });
  return {
    name: device.name,
    async compile(graph, compileOptions) {
      await complete.ready?.();
      const throughEngine =
        options.engine === 'off' ? undefined : await engine.route(graph, compileOptions);
      const route = throughEngine ?? operatorRoute(complete, graph, compileOptions);
      return createProgram(graph, compileOptions, route);
    },
    async explain(graph, { samples, timesteps, ...compileOptions }) {
      await complete.ready?.();
      if (options.engine === 'off') return undefined;
      const route = await engine.route(graph, compileOptions);
      try {
        return route?.describe(samples, timesteps);
      } finally {
        route?.dispose();
      }
    },
    memoryBytes: () => wasmMemoryBytes() + engine.memoryBytes,
    bytesInUse: () => engine.bytesInUse,
    threads: () => engine.threads,
  };
}

/** A kernel that leaves nothing behind when it fails, nor does what it makes for a program. */
function watched(heap: () => Heap, kernel: Kernel<TfTensor>): Kernel<TfTensor> {
  const during =
    (run: Kernel<TfTensor>['run']): typeof run =>
    (call) =>
      heap().allocations.during(() => run(call));
  return {
    ...kernel,
    run: during((call) => kernel.run(call)),
    specialise(site) {
      const special = kernel.specialise?.(site);
      return special && { ...special, run: during((call) => special.run(call)) };
    },
  };
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
