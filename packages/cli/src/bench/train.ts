import {
  batchNorm,
  createBuilder,
  createRandom,
  type Graph,
  linear,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { lif } from '@spikeloom/neurons';
import { createTrainer, meanOutputLoss, sgd } from '@spikeloom/training';
import { Option } from 'commander';
import { positiveInteger, registry } from '../options.ts';
import type { BenchCase } from './bench-case.ts';
import { filled } from './filled.ts';
import { peakMemory } from './peak-memory.ts';
import { timeRounds } from './rounds.ts';
import { benchBackend, wasmOptions, type WasmSettings } from './wasm-settings.ts';

interface TrainFlags extends WasmSettings {
  readonly timesteps: number;
  readonly batch: number;
  readonly rounds: number;
}

/** A training step of a small convolutional network: forward over all timesteps, back, and new weights. */
export const trainBench: BenchCase<TrainFlags> = {
  name: 'train',
  summary: 'a training step of a small convolutional spiking network, 195 thousand weights',
  options: [
    new Option('--timesteps <n>', 'timesteps').argParser(positiveInteger).default(4),
    new Option('--batch <n>', 'images at once').argParser(positiveInteger).default(32),
    new Option('--rounds <n>', 'steps that are timed').argParser(positiveInteger).default(7),
    ...wasmOptions,
  ],
  async run(flags, context) {
    const { timesteps, batch, rounds, threads, mode } = flags;
    const backend = benchBackend(flags);
    const random = createRandom(1);
    const image = filled([batch, 1, 28, 28], () => random.uniform());
    const labels = Array.from({ length: batch }, (_, index) => index % 10);
    const memory = peakMemory();
    const trainer = createTrainer(smallNetwork(), {
      backend,
      registry,
      timesteps,
      loss: meanOutputLoss(),
      optimiser: sgd({ momentum: 0 }),
    });
    const step = async () => {
      const metrics = await trainer.step({ image }, labels, {
        learningRate: 0.05,
        signal: context.signal,
      });
      memory.sample();
      return metrics;
    };
    try {
      // The first step compiles and warms up.
      const { firingRate } = await step();
      const found = await timeRounds(rounds, step, context.signal);
      const settings = { backend: backend.name, timesteps, batch, threads, mode };
      return {
        result: { ...settings, ...found, firingRate, peakBytes: memory.bytes },
        tables: [
          {
            title: `a training step, T = ${timesteps}, batch of ${batch}`,
            head: ['ms', 'from', 'to', 'firing rate', 'MiB at the peak'],
            rows: [
              [
                ...[found.seconds, found.fastest, found.slowest].map((seconds) =>
                  (1000 * seconds).toFixed(1),
                ),
                firingRate.toFixed(3),
                (memory.bytes / 2 ** 20).toFixed(0),
              ],
            ],
          },
        ],
        notes: [],
      };
    } finally {
      trainer.dispose();
    }
  },
};

/** Two convolutions with normalisation, neurons and pooling, then two fully connected layers. */
function smallNetwork(): Graph {
  const random = createRandom(1);
  const b = createBuilder({ name: 'small-conv-snn' });
  const weight = (name: string, shape: readonly number[], scale: number): Value =>
    b.param(name, shape, { tensor: filled(shape, () => random.normal() * scale) });
  const norm = (x: Value, name: string, channels: number): Value => {
    const all = (value: number): Tensor => filled([channels], () => value);
    const inputs = {
      x,
      weight: b.param(`${name}.weight`, [channels], { tensor: all(1) }),
      bias: b.param(`${name}.bias`, [channels], { tensor: all(0) }),
      mean: b.buffer(`${name}.running_mean`, [channels], { tensor: all(0) }),
      variance: b.buffer(`${name}.running_var`, [channels], { tensor: all(1) }),
    };
    return b.apply(batchNorm, inputs, {}, name).out;
  };
  const fire = (x: Value, name: string): Value => b.apply(lif, { current: x }, {}, name).spikes;
  const pool = (x: Value, name: string): Value =>
    b.avgPool2d(x, { kernel: [2, 2], stride: [2, 2] }, name);
  const convolve = (x: Value, filters: Value): Value =>
    b.conv2d({ x, weight: filters }, { padding: [1, 1, 1, 1] });
  const connect = (x: Value, name: string, filters: Value): Value =>
    b.apply(linear, { x, weight: filters }, {}, name).out;
  let x = b.input('image', ['N', 1, 28, 28]);
  x = norm(convolve(x, weight('c1', [32, 1, 3, 3], 0.3)), 'bn1', 32);
  x = pool(fire(x, 'lif1'), 'pool1');
  x = norm(convolve(x, weight('c2', [64, 32, 3, 3], 0.06)), 'bn2', 64);
  x = pool(fire(x, 'lif2'), 'pool2');
  x = b.reshape(x, ['N', 3136], 'flatten');
  x = fire(connect(x, 'fc1', weight('f1', [56, 3136], 0.25)), 'lif3');
  b.output('logits', connect(x, 'fc2', weight('f2', [10, 56], 0.1)));
  return b.build();
}
