import {
  batchNorm,
  type Builder,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  linear,
  type Registry,
  softmax,
  spikeSignal,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, multiThreshold, neurons } from '@spikeloom/neurons';
import type { Inputs } from '@spikeloom/runtime';
import { indexTensor, normalTensor } from './random-tensor.ts';

/** A network and data for it. */
export interface ExampleNetwork {
  readonly name: string;
  readonly graph: Graph;
  readonly inputs: Inputs;
  /** Whether every sample of the batch is computed by itself, so that samples may leave. */
  readonly perSample: boolean;
}

export const registry: Registry = createRegistry([neurons]);
export const samples = 5;
export const timesteps = 6;

const random = createRandom(77);
const each = <T>(make: () => T): T[] => Array.from({ length: timesteps }, make);

function weight(b: Builder, name: string, shape: readonly number[], scale = 1): Value {
  const { data } = normalTensor(random, shape);
  return b.param(name, shape, {
    tensor: tensor(
      data.map((value) => value * scale),
      shape,
    ),
  });
}

function dense(b: Builder, x: Value, from: number, to: number, name: string): Value {
  const inputs = {
    x,
    weight: weight(b, `${name}.weight`, [to, from]),
    bias: weight(b, `${name}.bias`, [to]),
  };
  return b.apply(linear, inputs, {}, name).out;
}

/** Convolution, normalisation, LIF, pooling and a LIF head, on one image that is held. */
export function imageNetwork(): ExampleNetwork {
  const b = createBuilder({ name: 'image' });
  const image = b.input('image', ['N', 2, 6, 6]);
  const maps = b.conv2d(
    { x: image, weight: weight(b, 'conv.weight', [3, 2, 3, 3]) },
    { padding: [1, 1, 1, 1] },
    'conv',
  );
  const statistics = {
    weight: weight(b, 'bn.weight', [3]),
    bias: weight(b, 'bn.bias', [3]),
    mean: b.buffer('bn.mean', [3], { tensor: normalTensor(random, [3]) }),
    variance: b.buffer('bn.variance', [3], { tensor: tensor([0.5, 1, 2]) }),
  };
  const current = b.apply(batchNorm, { x: maps, ...statistics }, {}, 'bn').out;
  const { spikes } = b.apply(lif, { current }, {}, 'hidden');
  const pooled = b.avgPool2d(spikes, { kernel: [2, 2], stride: [2, 2] }, 'pool');
  const logits = dense(b, b.reshape(pooled, ['N', -1]), 27, 4, 'fc');
  b.output('logits', logits);
  b.output('spikes', b.apply(lif, { current: logits }, { reset: null }, 'head').spikes);
  const inputs = { image: normalTensor(random, [samples, 2, 6, 6]) };
  return { name: 'feed-forward LIF', graph: b.build(), inputs, perSample: true };
}

/** Spikes fed back through a state, on a sequence. */
export function recurrentNetwork(): ExampleNetwork {
  const b = createBuilder({ name: 'recurrent' });
  const x = b.input('x', ['N', 4]);
  const last = b.state('last', { like: ['N', 6], signal: spikeSignal });
  const current = b.add(
    dense(b, x, 4, 6, 'in'),
    b.matmul(last, weight(b, 'back', [6, 6])),
    'current',
  );
  const { spikes } = b.apply(lif, { current }, { tau: 3 }, 'neuron');
  b.write(last, spikes);
  b.output('out', dense(b, spikes, 6, 3, 'out'));
  const inputs = { x: each(() => normalTensor(random, [samples, 4])) };
  return { name: 'recurrent', graph: b.build(), inputs, perSample: true };
}

/** Parameters that follow the clock, and a rule for the first step. */
export function clockedNetwork(): ExampleNetwork {
  const b = createBuilder({ name: 'clocked' });
  const x = b.input('x', ['N', 4]);
  const clock = b.step('clock');
  const faded = b.mul(x, b.exp(b.mul(clock, -0.3)), 'faded');
  const first = b.select(b.equal(clock, 0), faded, b.mul(faded, 2), 'first');
  const { spikes } = b.apply(
    multiThreshold,
    { current: first },
    { positive: 0.5, negative: 0.25, levels: 3 },
    'neuron',
  );
  b.output('spikes', spikes);
  b.output('clock', clock);
  b.output('faded', faded);
  return {
    name: 'with the step',
    graph: b.build(),
    inputs: { x: normalTensor(random, [samples, 4]) },
    perSample: true,
  };
}

/** Messages along the edges of a graph whose nodes are the batch. */
function messageNetwork(): ExampleNetwork {
  const b = createBuilder({ name: 'messages' });
  const x = b.input('x', ['N', 3]);
  const [from, to] = ['from', 'to'].map((name) => b.input(name, ['E'], { dtype: 'int32' })) as [
    Value,
    Value,
  ];
  const sent = b.gather(b.apply(lif, { current: x }, { threshold: 0.5 }, 'neuron').spikes, from);
  const received = b.segmentSum(sent, to, 'N', 'received');
  b.output('out', b.apply(lif, { current: dense(b, received, 3, 2, 'fc') }, {}, 'second').spikes);
  b.output('embedded', b.gather(weight(b, 'table', [samples, 2]), to));
  const inputs = {
    x: each(() => normalTensor(random, [samples, 3])),
    from: indexTensor(random, 8, samples),
    to: indexTensor(random, 8, samples),
  };
  return { name: 'gather and segment-sum', graph: b.build(), inputs, perSample: false };
}

/** Samples that see each other, and the batch on other axes than the first. */
function mixingNetwork(): ExampleNetwork {
  const b = createBuilder({ name: 'mixing' });
  const x = b.input('x', ['N', 3]);
  const { spikes } = b.apply(lif, { current: x }, { threshold: 0.4 }, 'neuron');
  const centred = b.sub(spikes, b.mean(spikes, [0], true), 'centred');
  const similar = b.matmul(centred, centred, { transposeB: true }, 'similar');
  b.output('similar', b.apply(softmax, { x: similar }, { axis: 0 }).out);
  b.output('turned', b.transpose(b.add(centred, 1), [1, 0]));
  b.output('total', b.sum(spikes, [0, 1]));
  b.output('shared', b.apply(softmax, { x: spikes }, { axis: 0 }, 'shared').out);
  return {
    name: 'that mixes samples',
    graph: b.build(),
    inputs: { x: each(() => normalTensor(random, [samples, 3])) },
    perSample: false,
  };
}

/** Outputs that need no computation: inputs, weights, constants, states, one value twice, other dtypes. */
export function passingNetwork(): ExampleNetwork {
  const b = createBuilder({ name: 'passing' });
  const [held, moving] = [b.input('held', ['N', 2]), b.input('moving', ['N', 2])];
  const w = weight(b, 'w', [1, 2]);
  const v = b.state('v', { like: moving, initial: 0.25 });
  b.write(v, moving);
  for (const [name, value] of Object.entries({
    held,
    moving,
    again: moving,
    weight: w,
    squared: b.mul(w, w),
    repeated: b.broadcastTo(w, ['N', 2]),
    constant: b.constant(3, 'int32'),
    state: v,
    positive: b.greater(moving, 0),
    whole: b.cast(held, 'int32'),
    passed: b.identity(b.stopGradient(moving)),
  }))
    b.output(name, value);
  const inputs = {
    held: normalTensor(random, [samples, 2]),
    moving: each(() => normalTensor(random, [samples, 2])),
  };
  return { name: 'that only passes values on', graph: b.build(), inputs, perSample: true };
}

/** Every example. */
export const exampleNetworks: readonly ExampleNetwork[] = [
  imageNetwork(),
  recurrentNetwork(),
  clockedNetwork(),
  messageNetwork(),
  mixingNetwork(),
  passingNetwork(),
];
