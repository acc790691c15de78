import { sizeOf, SpikeloomError, type Tensor } from '@spikeloom/ir';
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
    // Once a backend is up, tfjs switches to it before the promise is even returned.
    if (tf.getBackend() !== tfjsBackend) void tf.setBackend(tfjsBackend);
  };
  return {
    name,
    kernels: [...kernels, ...tfjsKernels.filter(({ op }) => !replaced.has(op)).map(tidied)],
    activate,
    async ready() {
      options.beforeReady?.();
      if (!tf.engine().registryFactory[tfjsBackend] || !(await tf.setBackend(tfjsBackend))) {
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
      const data = await handle.data();
      // The cpu backend hands out its own memory.
      return { shape: handle.shape, dtype: handle.dtype as Tensor['dtype'], data: data.slice() };
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
    return { shape, dtype: 'float32', data: data.slice() as Float32Array };
  const width = sizeOf(shape.slice(1));
  const totals = new Float64Array(width);
  data.forEach((count, index) => {
    totals[index % width]! += count;
  });
  return { shape: shape.slice(1), dtype: 'float32', data: Float32Array.from(totals) };
}
