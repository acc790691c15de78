import {
  type Builder,
  createBuilder,
  createRandom,
  gelu,
  type Graph,
  layerNorm,
  linear,
  type Shape,
  sizeOf,
  softmax,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { integrateAndFire, lif, multiThreshold, plif } from '@spikeloom/neurons';

/** A network to unroll. */
export interface Network {
  readonly name: string;
  readonly graph: Graph;
  /** Inputs that are given for every timestep. */
  readonly sequences: readonly string[];
}

/** Normal random numbers. */
export function randomTensor(shape: readonly number[], seed: number, scale = 1): Tensor {
  const random = createRandom(seed);
  return tensor(
    Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
    shape,
  );
}

/** A weight with random numbers. */
export function weight(b: Builder, name: string, shape: readonly number[], seed = 1): Value {
  return b.param(name, shape, { tensor: randomTensor(shape, seed) });
}

/** Where a network begins: `x`, of shape `[N, 3]` or what is given. */
type Body = (b: Builder, x: Value) => Value;

function network(
  name: string,
  body: Body,
  { isSequence = true, shape = ['N', 3] }: { isSequence?: boolean; shape?: Shape } = {},
): Network {
  const b = createBuilder({ name: 'network' });
  b.output('out', body(b, b.input('x', shape)));
  return { name, graph: b.build(), sequences: isSequence ? ['x'] : [] };
}

function dense(b: Builder, x: Value, name: string, outputs: number): Value {
  const inputs = Number(x.type.shape.at(-1));
  const weights = weight(b, `${name}.weight`, [outputs, inputs], outputs);
  return b.apply(linear, { x, weight: weights }, {}, name).out;
}

const twoLayers: Body = (b, x) => {
  const { spikes } = b.apply(lif, { current: dense(b, x, 'fc1', 5) }, {}, 'lif1');
  const current = dense(b, spikes, 'fc2', 4);
  return b.apply(integrateAndFire, { current }, { reset: 0, threshold: 0.5 }, 'if2').spikes;
};

/** Networks of every way that time can matter. */
export const networks: readonly Network[] = [
  network('with neurons, its input given at every timestep', twoLayers),
  network('with neurons, its input held', twoLayers, { isSequence: false }),
  network('with a recurrent connection of spikes', (b, x) => {
    const last = b.state('last', { like: ['N', 4], signal: { kind: 'spike' } });
    const back = b.matmul(last, weight(b, 'recurrent', [4, 4], 5));
    const current = b.add(dense(b, x, 'fc', 4), back);
    const { spikes } = b.apply(lif, { current }, { decayInput: false }, 'lif');
    b.write(last, spikes);
    return dense(b, spikes, 'head', 2);
  }),
  network('with a recurrent connection over two layers of neurons', (b, x) => {
    const last = b.state('last', { like: ['N', 4], signal: { kind: 'spike' } });
    const current = b.add(dense(b, x, 'fc', 4), dense(b, last, 'back', 4));
    const first = b.apply(lif, { current }, {}, 'first').spikes;
    const second = b.apply(integrateAndFire, { current: dense(b, first, 'fc2', 4) }, {}, 'second');
    b.write(last, second.spikes);
    return second.spikes;
  }),
  network('with a filter of its own', (b, x) => {
    const trace = b.state('trace', { like: x, initial: 0.5 });
    const next = b.add(b.mul(trace, 0.75), x);
    b.write(trace, next);
    return dense(b, b.tanh(next), 'fc', 2);
  }),
  network('with a delay, and nothing that feeds back', (b, x) => {
    const before = b.state('before', { like: x, initial: -1 });
    b.write(before, x);
    return b.sub(x, before);
  }),
  network('that depends on the timestep', (b, x) => {
    const t = b.add(b.step(), 1);
    const scales = weight(b, 'scales', [8], 3);
    return b.mul(b.div(x, t), b.gather(scales, b.cast(b.step(), 'int32')));
  }),
  network('with a learnt time constant', (b, x) => {
    const w = b.param('w', [], { tensor: tensor([0.3], []) });
    const { spikes } = b.apply(plif, { current: dense(b, x, 'fc', 4), w }, { reset: null }, 'plif');
    return dense(b, spikes, 'head', 2);
  }),
  network('with one weight in two layers', (b, x) => {
    const shared = weight(b, 'shared', [3, 3], 7);
    const first = b.apply(linear, { x, weight: shared }, {}, 'fc1').out;
    const { spikes } = b.apply(lif, { current: first }, { reset: null }, 'lif');
    return b.add(b.apply(linear, { x: spikes, weight: shared }, {}, 'fc2').out, b.sum(shared, [0]));
  }),
  network(
    'with images',
    (b, x) => {
      const kernel = weight(b, 'conv.weight', [3, 2, 3, 3], 9);
      const conv = b.conv2d({ x, weight: kernel }, { padding: [1, 1, 1, 1], stride: [2, 2] });
      const { spikes } = b.apply(lif, { current: conv }, {}, 'lif');
      const pooled = b.avgPool2d(spikes, { kernel: [2, 2], stride: [1, 1] });
      return dense(b, b.reshape(pooled, ['N', -1]), 'fc', 2);
    },
    { shape: ['N', 2, 5, 5] },
  ),
  network('with layers without neurons', (b, x) => {
    const [scale, shift] = [weight(b, 'norm.weight', [3], 4), weight(b, 'norm.bias', [3], 5)];
    const normal = b.apply(layerNorm, { x, weight: scale, bias: shift }).out;
    return b.apply(softmax, { x: b.apply(gelu, { x: normal }).out }, { axis: -1 }).out;
  }),
  network('whose samples see each other', (b, x) => {
    const centred = b.sub(x, b.mean(x, [0], true));
    return b.mul(b.broadcastTo(b.reshape(b.sum(x, [0, 1]), [1, 1]), ['N', 3]), centred);
  }),
  network('with neurons of several thresholds', (b, x) => {
    const levels = { positive: 0.25, negative: 0.5, levels: 3 };
    return b.apply(multiThreshold, { current: x }, levels, 'neuron').spikes;
  }),
  network('with neurons whose spikes are worth their threshold', (b, x) => {
    const attributes = { threshold: 0.3, output: 'threshold', initial: 0.1 } as const;
    const { spikes } = b.apply(integrateAndFire, { current: x }, attributes, 'if');
    return dense(b, spikes, 'fc', 2);
  }),
  network('of which nothing changes over time', (b, x) => dense(b, x, 'fc', 2), {
    isSequence: false,
  }),
];
