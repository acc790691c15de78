import {
  createBuilder,
  createRandom,
  linear,
  type Random,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { dssa } from '@spikeloom/attention';
import { integrateAndFire, lif, plif } from '@spikeloom/neurons';
import type { SpikingNetwork } from './random-spiking-network.ts';

/** A network beyond layer after layer, and how to run it. */
export interface MixedNetwork extends SpikingNetwork {
  /** The size name that counts samples. */
  readonly batch: string;
  /** Values that are worth looking at. */
  readonly visible: readonly string[];
}

/**
 * Inputs of every kind, held or not; values with several readers; neurons on anything; outputs that are spikes,
 * currents, inputs or weights. Weights and inputs are multiples of 1/8 in a small range: sums are the same bits in any
 * order.
 */
export function randomMixedNetwork(seed: number): MixedNetwork {
  const random = createRandom(7000 + seed);
  const pick = <A>(choices: readonly A[]): A => choices[random.below(choices.length)]!;
  const b = createBuilder({ name: `mixed${seed}` });
  const [samples, timesteps, batch] = [1 + random.below(5), 1 + random.below(9), pick(['N', 'B'])];
  const [channels, height, width] = [pick([16, 32, 48]), 1 + random.below(6), 1 + random.below(6)];
  const held: Record<string, Tensor> = {};
  const sequence: Record<string, Tensor[]> = {};
  const visible: string[] = [];
  let count = 0;
  const name = (kind: string): string => {
    visible.push(`${kind}${count++}`);
    return visible.at(-1)!;
  };
  const weight = (shape: readonly number[]): Value =>
    b.param(`w${count++}`, shape, { tensor: eighths(random, shape) });

  const input = (key: string, sizes: readonly number[], isSpikes: boolean): Value => {
    const give = (): Tensor => (isSpikes ? spikes : eighths)(random, [samples, ...sizes]);
    if (random.below(2) === 0) held[key] = give();
    else sequence[key] = Array.from({ length: timesteps }, give);
    return b.input(key, [batch, ...sizes], isSpikes ? { signal: { kind: 'spike' } } : {});
  };

  const fire = (current: Value): Value => {
    const dynamics = {
      threshold: pick([0.5, 1]),
      reset: pick([null, 0]),
      comparison: pick(['>=', '>'] as const),
      output: pick(['binary', 'binary', 'threshold'] as const),
    };
    return pick([
      () => b.apply(lif, { current }, dynamics, name('lif')).spikes,
      () => b.apply(integrateAndFire, { current }, dynamics, name('if')).spikes,
      () => b.apply(plif, { current, w: weight([]) }, dynamics, name('plif')).spikes,
    ])();
  };

  const convolve = (x: Value): Value => {
    const [inside, high, wide] = x.type.shape.slice(1).map(Number) as [number, number, number];
    const outputs = pick([7, 32, 64]);
    const groups = outputs === 64 && inside % 16 === 0 ? pick([1, 2]) : 1;
    const padding = Array.from({ length: 4 }, () => random.below(3)) as [
      number,
      number,
      number,
      number,
    ];
    const kernel = [
      1 + random.below(Math.min(3, high)),
      1 + random.below(Math.min(3, wide)),
    ] as const;
    const stride: [number, number] = [1 + random.below(2), 1 + random.below(3)];
    const inputs = { x, weight: weight([outputs, inside / groups, ...kernel]) };
    const bias = random.below(2) === 0 ? { bias: weight([outputs]) } : {};
    return b.conv2d({ ...inputs, ...bias }, { stride, padding, groups }, name('conv'));
  };

  const attend = (x: Value, still: Value): Value => {
    const [inside, high, wide] = x.type.shape.slice(1).map(Number) as [number, number, number];
    const stride: [number, number] = [
      1 + random.below(Math.min(2, high)),
      1 + random.below(Math.min(2, wide)),
    ];
    const keys = b.conv2d(
      { x: pick([x, still]), weight: weight([2 * inside, inside, 1, 1]) },
      { stride },
      name('keys'),
    );
    const heads = pick(inside === 48 ? [1, 3] : [1, inside / 16]);
    const tokens = sizeOf(keys.type.shape.slice(2).map(Number));
    // Such rates that every factor is 2.
    const rate = (terms: number): Value =>
      b.buffer(`rate${count++}`, [heads], {
        tensor: tensor(new Float32Array(heads).fill(0.25 / terms), [heads]),
      });
    const rates = { rateX: rate(inside / heads), rateAttn: rate(tokens) };
    const learnt = random.below(2) === 0 ? { wAttn: weight([]), wOut: weight([]) } : {};
    const dynamics = { heads, threshold: pick([0.5, 1]), reset: pick([null, 0]) };
    const inputs = { x, keys, ...rates, ...learnt };
    return b.apply(dssa, inputs, dynamics, name('dssa')).spikes;
  };

  const image = [channels, height, width] as const;
  const numbers = input('numbers', image, false);
  const events = input('events', image, true);
  const first = fire(numbers);
  const second = fire(random.below(2) === 0 ? numbers : events);
  const x = pick([first, second, events]);
  const mixed = x.type.signal.kind !== 'real' && random.below(2) === 0 ? attend(x, events) : x;
  const y = convolve(mixed);
  const [left, right] = [fire(y), fire(y)];
  const joined = b.add(b.add(left, right), random.below(2) === 0 ? y : left);
  const pooled = b.maxPool2d(left, { kernel: [1, 1], stride: [1, 1] }, name('pool'));
  const flat = b.reshape(pick([left, right, pooled]), [
    batch,
    sizeOf(y.type.shape.slice(1).map(Number)),
  ]);
  const narrow = (rows: Value): Value =>
    b.apply(
      linear,
      { x: rows, weight: weight([20, Number(rows.type.shape[1])]) },
      {},
      name('linear'),
    ).out;
  const vector = input('vector', [24], random.below(2) === 0);
  const rows = narrow(fire(vector));
  const ending = b.add(narrow(flat), fire(rows));
  b.output('ending', narrow(fire(ending)));
  b.output('first', first);
  b.output('second', b.mean(second, [2, 3]));
  b.output('pooled', b.mean(pooled, [2, 3]));
  b.output('spikes', right);
  b.output('joined', joined);
  b.output('input', pick([numbers, events, vector]));
  b.output('weight', weight([3, 2]));
  b.output('convolved', convolve(pick([events, first])));
  if (random.below(2) === 0) b.output('current', y);
  return { graph: b.build(), samples, timesteps, held, sequence, batch, visible };
}

function eighths(random: Random, shape: readonly number[]): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => (random.below(17) - 8) / 8);
  return tensor(data, [...shape]);
}

function spikes(random: Random, shape: readonly number[]): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => Number(random.below(3) === 0));
  return tensor(data, [...shape]);
}
