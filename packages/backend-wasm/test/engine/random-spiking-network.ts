import {
  batchNorm,
  createBuilder,
  createRandom,
  type Graph,
  linear,
  type Random,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { integrateAndFire, lif, plif } from '@spikeloom/neurons';

/** A network of layers that the engine fuses in one way or another, and a batch for it. */
export interface SpikingNetwork {
  readonly graph: Graph;
  readonly samples: number;
  readonly timesteps: number;
  readonly held: Readonly<Record<string, Tensor>>;
  readonly sequence: Readonly<Record<string, readonly Tensor[]>>;
}

/** Neurons, convolutions, linear layers, normalisation, residuals, pooling and renamed axes, at random. */
export function randomSpikingNetwork(seed: number): SpikingNetwork {
  const random = createRandom(seed);
  const pick = <A>(choices: readonly A[]): A => choices[random.below(choices.length)]!;
  const b = createBuilder({ name: `spiking${seed}` });
  const [samples, timesteps] = [1 + random.below(3), 1 + random.below(4)];
  let channels = pick([3, 8, 16, 33]);
  let [height, width] = [2 + random.below(6), 2 + random.below(6)];
  let count = 0;
  const name = (kind: string): string => `${kind}${count++}`;
  const weight = (shape: readonly number[], spread: number): Value =>
    b.param(name('w'), shape, { tensor: normal(random, shape, spread) });

  const fire = (x: Value): Value => {
    const dynamics = {
      threshold: pick([0.5, 1]),
      reset: pick([null, 0, -0.25]),
      comparison: pick(['>=', '>'] as const),
    };
    const leak = { decayInput: random.below(2) === 0, leakAfterReset: random.below(3) === 0 };
    return pick([
      () =>
        b.apply(lif, { current: x }, { tau: pick([2, 3]), ...dynamics, ...leak }, name('lif'))
          .spikes,
      () =>
        b.apply(integrateAndFire, { current: x }, { ...dynamics, initial: 0.25 }, name('if'))
          .spikes,
      () => b.apply(plif, { current: x, w: weight([], 1) }, dynamics, name('plif')).spikes,
    ])();
  };

  const convolve = (
    x: Value,
    outputs: number,
    options: { kernel: number; stride: number },
  ): Value => {
    const { kernel, stride } = options;
    const groups = outputs % 32 === 0 && channels % 16 === 0 ? pick([1, 2, 4]) : 1;
    const margin = random.below(kernel);
    const y = b.conv2d(
      {
        x,
        weight: weight([outputs, channels / groups, kernel, kernel], 1 / kernel),
        ...(random.below(2) === 0 ? { bias: weight([outputs], 0.3) } : {}),
      },
      { stride: [stride, stride], padding: [margin, margin, margin, margin], groups },
      name('conv'),
    );
    return random.below(2) === 0 ? y : norm(y, outputs);
  };

  const norm = (x: Value, size: number): Value =>
    b.apply(
      batchNorm,
      {
        x,
        weight: weight([size], 0.5),
        bias: weight([size], 0.3),
        mean: weight([size], 0.3),
        variance: b.buffer(name('variance'), [size], {
          tensor: tensor(
            Float32Array.from({ length: size }, () => 0.5 + random.uniform()),
            [size],
          ),
        }),
      },
      {},
      name('norm'),
    ).out;

  const image = ['N', channels, height, width] as const;
  let x: Value = b.add(b.input('held', image), b.input('moving', image));
  for (let layer = 0; layer < 2 + random.below(3); layer++) {
    const spikes = fire(x);
    const kernel = 1 + random.below(Math.min(3, height, width));
    const outputs = pick([5, 16, 32, 64, 70]);
    const y = convolve(spikes, outputs, { kernel, stride: 1 + random.below(2) });
    const fits = y.type.shape.join() === x.type.shape.join();
    x = fits || random.below(4) > 0 ? y : b.mul(y, 0.5);
    if (fits) x = b.add(x, layer % 2 === 0 ? b.tanh(y) : spikes);
    [channels, height, width] = y.type.shape.slice(1).map(Number) as [number, number, number];
  }
  const spikes = fire(x);
  const tokens = b.transpose(b.reshape(spikes, ['N', channels, height * width]), [0, 2, 1]);
  const mixed = b.apply(
    linear,
    { x: tokens, weight: weight([24, channels], 0.4) },
    {},
    'mixed',
  ).out;
  const again = fire(mixed);
  b.output('tokens', b.apply(linear, { x: again, weight: weight([24, 24], 0.4) }, {}, 'last').out);
  b.output('rate', b.mean(spikes, [2, 3]));
  b.output('current', x);
  const shape = [samples, ...image.slice(1)] as number[];
  return {
    graph: b.build(),
    samples,
    timesteps,
    held: { held: normal(random, shape, 1) },
    sequence: { moving: Array.from({ length: timesteps }, () => normal(random, shape, 1)) },
  };
}

function normal(random: Random, shape: readonly number[], spread: number): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => spread * random.normal());
  return tensor(data, [...shape]);
}
