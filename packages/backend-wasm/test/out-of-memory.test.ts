import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  batchNorm,
  createBuilder,
  createRegistry,
  type Graph,
  isSpikeloomError,
  linear,
  type SpikeloomError,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { createTrainer, sgd, tetLoss, training } from '@spikeloom/training';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

/** Threads and promises take their time on a machine that is busy. */
const slowly = 30_000;

const registry = createRegistry([neurons]);
const mebibyte = 1 << 20;
const ballast: tf.Tensor[] = [];
let expected: Tensor['data'];

/** Fills the heap of tfjs but for so many stretches of a MiB. Nothing is written, so it takes no memory of the machine. */
beforeAll(async () => {
  const program = await wasmBackend().compile(clock(), { registry });
  program.dispose();
  const reference = await cpuBackend().compile(network(), { registry });
  expected = (await reference.run({ x: image() }, { timesteps: 3 }))['sum']!.data;
  reference.dispose();
  while (hold(64 * mebibyte));
});
beforeEach(() => {
  while (hold(mebibyte));
});
afterAll(() => {
  for (const one of ballast) one.dispose();
});

const settings = [
  ['operators', 'off', 'step'],
  ['operators over time', 'off', 'multi-step'],
  ['the engine', 'always', 'step'],
] as const;

describe.each(settings)('%s without memory', (_, engine, schedule) => {
  it('name the node for which there is no room, and leave nothing behind', async () => {
    const backend = wasmBackend({ engine, threads: 1 });
    const before = tf.memory().numTensors;
    const paths = new Set<string | undefined>();
    let outputs: Record<string, Tensor> | undefined;
    // One MiB more every time, until there is room for all.
    for (let freed = 0; !outputs && freed < 64; freed++) {
      try {
        const program = await backend.compile(network(), { registry });
        try {
          outputs = await program.run({ x: image() }, { timesteps: 3, schedule });
        } finally {
          program.dispose();
        }
      } catch (error) {
        if (!isSpikeloomError(error)) throw error;
        expect(error).toMatchObject({ code: 'too-large', fix: expect.any(String) });
        paths.add(error.path);
      }
      expect(tf.memory().numTensors + freed).toBe(before);
      if (!outputs) ballast.pop()!.dispose();
    }
    outputs!['sum']!.data.forEach((sum, step) => expect(sum / expected[step]!).toBeCloseTo(1, 4));
    // Weights, inputs and most of the operators.
    expect([...paths]).toEqual(expect.arrayContaining(['weight', 'x']));
    expect([...paths]).not.toContain(undefined);
    expect(paths.size).toBeGreaterThan(4);
    const room = before - tf.memory().numTensors;
    let free = 0;
    while (hold(mebibyte)) free += 1;
    expect(free).toBeGreaterThanOrEqual(room);
  });
});

it('a training step without memory names the node, and the trainer goes on when there is some', async () => {
  const before = tf.memory().numTensors;
  const trainer = createTrainer(classifier(), {
    backend: wasmBackend({ threads: 1 }),
    registry: createRegistry([neurons, training]),
    timesteps: 2,
    loss: tetLoss(),
    optimiser: sgd({ momentum: 0.9 }),
  });
  const paths = new Set<string | undefined>();
  let loss: number | undefined;
  let freed = 0;
  for (; loss === undefined && freed < 64; freed++) {
    try {
      ({ loss } = await trainer.step({ x: image() }, [1], { learningRate: 0.1 }));
    } catch (error) {
      expect(error).toMatchObject({ code: 'too-large' });
      paths.add((error as SpikeloomError).path);
      ballast.pop()!.dispose();
    }
  }
  expect(loss).toBeGreaterThan(0);
  expect([...paths]).not.toContain(undefined);
  expect(paths.size).toBeGreaterThan(2);
  trainer.dispose();
  await vi.waitFor(() => expect(tf.memory().numTensors + freed - 1).toBe(before), slowly);
});

it('weights in integers outlast a run that fails after it has made them', async () => {
  const b = createBuilder();
  const signal = { kind: 'graded', positive: 1, negative: 1, levels: 4 } as const;
  const x = b.input('x', ['N', 8192], { signal });
  const weights = Float32Array.from({ length: 64 * 8192 }, (_, index) => (index % 127) - 63);
  const weight = b.param('weight', [64, 8192], { tensor: tensor(weights, [64, 8192]) });
  b.output('out', b.apply(linear, { x, weight }, {}, 'layer').out);
  const levels = Float32Array.from({ length: 32 * 8192 }, (_, index) => 2 ** (index % 4));
  const run = { x: tensor(levels, [32, 8192]) };
  for (let freed = 0; freed < 4; freed++) ballast.pop()!.dispose();
  const program = await wasmBackend({ mode: 'int16', threads: 1 }).compile(b.build(), { registry });
  while (hold(16 << 10));
  const before = tf.memory().numTensors;
  let [failures, freed] = [0, 0];
  let out: Tensor | undefined;
  while (!out) {
    try {
      ({ out } = await program.run(run, { timesteps: 1 }));
    } catch (error) {
      expect(error).toMatchObject({ code: 'too-large' });
      failures += 1;
      overwrite();
      ballast.pop()!.dispose();
      freed += 1;
    }
  }
  expect(failures).toBeGreaterThan(20);
  const reference = await cpuBackend().compile(b.build(), { registry });
  const exact = (await reference.run(run, { timesteps: 1 }))['out']!;
  let worst = 0;
  exact.data.forEach((value, index) => {
    worst = Math.max(worst, Math.abs(value - out!.data[index]!));
  });
  expect(worst).toBeLessThan(1);
  program.dispose();
  expect(tf.memory().numTensors + freed).toBeLessThan(before);
}, 60_000);

/** Writes over what is free. */
function overwrite(): void {
  const written: tf.Tensor[] = [];
  try {
    for (;;) written.push(tf.tensor(new Float32Array(4096).fill(7)));
  } catch (error) {
    expect(error).toMatchObject({ code: 'too-large' });
  }
  for (const one of written) one.dispose();
}

/** A stretch of the heap; false where there is none left. */
function hold(bytes: number): boolean {
  const backend = tf.findBackend('wasm') as unknown as {
    makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
  };
  try {
    const info = backend.makeOutput([bytes / 4], 'float32');
    ballast.push(tf.engine().makeTensorFromTensorInfo(info, tf.findBackend('wasm')));
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'too-large' });
    return false;
  }
}

function clock(): Graph {
  const b = createBuilder();
  b.output('t', b.step());
  return b.build();
}

/** Values of a MiB or more by kernels of ours, of tfjs, and of the engine. */
function network(): Graph {
  const b = createBuilder();
  const all = (name: string, value: number): Value =>
    b.param(name, [16], { tensor: tensor(new Float32Array(16).fill(value), [16]) });
  const x = b.input('x', ['N', 16, 128, 128]);
  const big = b.param('weight', [16, 128, 128], {
    tensor: tensor(new Float32Array(mebibyte / 4).fill(1), [16, 128, 128]),
  });
  const weight = b.param('kernel', [16, 16, 1, 1], {
    tensor: tensor(new Float32Array(256).fill(0.125), [16, 16, 1, 1]),
  });
  const spikes = b.apply(lif, { current: b.add(x, big) }, {}, 'first').spikes;
  const y = b.conv2d({ x: spikes, weight }, {}, 'conv');
  const normalised = b.apply(batchNorm, {
    x: y,
    weight: all('bn.weight', 1),
    bias: all('bn.bias', 0),
    mean: all('bn.mean', 0),
    variance: all('bn.variance', 1),
  }).out;
  const second = b.apply(lif, { current: normalised }, {}, 'second').spikes;
  const turned = b.transpose(b.exp(second), [0, 2, 3, 1]);
  b.output('sum', b.sum(b.mul(turned, b.transpose(b.sigmoid(x), [0, 2, 3, 1])), [1, 2, 3]));
  return b.build();
}

/** Neurons, their mean over the image, and two classes. */
function classifier(): Graph {
  const b = createBuilder();
  const x = b.input('x', ['N', 16, 128, 128]);
  const kernel = b.param('kernel', [16, 16, 1, 1], {
    tensor: tensor(new Float32Array(256).fill(0.1), [16, 16, 1, 1]),
  });
  const current = b.conv2d({ x, weight: kernel }, {}, 'conv');
  const { spikes } = b.apply(lif, { current }, {}, 'neuron');
  const weight = b.param('head', [2, 16], {
    tensor: tensor(
      Array.from({ length: 32 }, (_, index) => (index % 5) / 10),
      [2, 16],
    ),
  });
  b.output('logits', b.apply(linear, { x: b.mean(spikes, [2, 3]), weight }, {}, 'fc').out);
  return b.build();
}

function image(): Tensor {
  return tensor(new Float32Array(mebibyte / 4).fill(1), [1, 16, 128, 128]);
}
