import { allocate, sizeOf, SpikeloomError, type Tensor } from '@spikeloom/ir';
import type { Device } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { tfjsKernels } from './kernels/index.ts';
import type { TfjsKernel } from './tfjs-kernel.ts';

export interface TfjsDeviceOptions {
  /** The name plugins' kernels refer to. */
  readonly name: string;
  /** The tfjs backend to run on: `cpu`, `wasm`, `webgl`, `webgpu`. It must be registered. */
  readonly tfjsBackend: string;
  /** Kernels used instead of the tfjs ones, or for operators that are not primitives. */
  readonly kernels?: readonly TfjsKernel[];
  /** Called before the tfjs backend starts, to configure it. */
  readonly beforeReady?: () => void;
  /** Called after the tfjs backend is up. */
  readonly ready?: () => Promise<void>;
}

/** A device that works on tfjs tensors. Backends built on tfjs extend it with kernels of their own. */
export function tfjsDevice(options: TfjsDeviceOptions): Device<tf.Tensor> {
  const { name, tfjsBackend, kernels = [] } = options;
  const replaced = new Set(kernels.map(({ op }) => op));
  const activate = (): void => {
    // While another backend starts, tfjs may know the one by name and hold the other.
    const isActive =
      tf.getBackend() === tfjsBackend && tf.backend() === tf.findBackend(tfjsBackend);
    // Once a backend is up, tfjs switches to it before the promise is even returned.
    if (!isActive) void tf.setBackend(tfjsBackend);
  };
  return {
    name,
    kernels: [...kernels, ...tfjsKernels.filter(({ op }) => !replaced.has(op)).map(tidied)],
    memory: heapLimit,
    activate,
    async ready() {
      options.beforeReady?.();
      if (!tf.engine().registryFactory[tfjsBackend] || !(await start(tfjsBackend))) {
        throw new SpikeloomError({
          code: 'unsupported',
          path: `backend ${name}`,
          message: `the tfjs backend "${tfjsBackend}" is not available`,
          fix: `import "@tensorflow/tfjs-backend-${tfjsBackend}" first`,
        });
      }
      await options.ready?.();
    },
    upload({ data, shape, dtype }) {
      activate();
      return tf.tensor(data, [...shape], dtype);
    },
    async download(handle) {
      const read = await handle.data();
      const dtype = handle.dtype as Tensor['dtype'];
      // The cpu backend hands out its own memory, and spikes as the bytes they were cast from.
      const data = allocate(dtype, read.length);
      data.set(read);
      return { shape: handle.shape, dtype, data };
    },
    fill(shape, value) {
      activate();
      return tf.fill([...shape], value);
    },
    take(handle, rows, axis) {
      activate();
      return tf.tidy(() => tf.gather(handle, tf.tensor1d([...rows], 'int32'), axis));
    },
    countNonZero: (handle, keep) => {
      activate();
      return countNonZero(handle, keep);
    },
    free: (handle) => handle.dispose(),
  };
}

/** What its WASM backend can address; graphics cards give a program less. */
const heapLimit = 2 ** 32;

/** tfjs has one engine in a process, and it gives up a backend that starts when another one does. */
let starting: Promise<unknown> = Promise.resolve();

function start(tfjsBackend: string): Promise<boolean> {
  const started = starting.then(() => tf.setBackend(tfjsBackend));
  starting = started.catch(() => undefined);
  return started;
}

/** tfjs operators leave their intermediate tensors behind; a tidy takes them away. */
function tidied(kernel: TfjsKernel): TfjsKernel {
  return { ...kernel, run: (call) => tf.tidy(() => kernel.run(call) as Record<string, tf.Tensor>) };
}

/** Counts on the device along all axes but the first, whose sums float32 could not hold exactly. */
async function countNonZero(handle: tf.Tensor, keep: readonly number[]): Promise<Tensor> {
  const counts = tf.tidy(() => {
    const marks = tf.cast(tf.notEqual(handle, tf.scalar(0, handle.dtype)), 'float32');
    const gone = handle.shape
      .map((_, axis) => axis)
      .filter((axis) => axis !== 0 && !keep.includes(axis));
    return tf.sum(marks, gone);
  });
  const data = await counts.data();
  const { shape } = counts;
  counts.dispose();
  if (keep.includes(0) || handle.rank === 0)
    return { shape, dtype: 'float32', data: Float32Array.from(data) };
  const width = sizeOf(shape.slice(1));
  const totals = new Float64Array(width);
  data.forEach((count, index) => {
    totals[index % width]! += count;
  });
  return { shape: shape.slice(1), dtype: 'float32', data: Float32Array.from(totals) };
}
