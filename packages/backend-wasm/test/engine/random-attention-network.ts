import { qkTokenAttention, spikeDrivenAttention, ssa } from '@spikeloom/attention';
import {
  createBuilder,
  createRandom,
  eliminateDeadCode,
  linear,
  type Random,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { integrateAndFire, lif } from '@spikeloom/neurons';
import type { MixedNetwork } from './random-mixed-network.ts';

/**
 * Attention among spikes, and spikes that are pooled, counted and flattened. Weights and inputs are multiples of 1/8 in
 * a small range: sums are the same bits in any order.
 */
export function randomAttentionNetwork(seed: number): MixedNetwork {
  const random = createRandom(9000 + seed);
  const pick = <A>(choices: readonly A[]): A => choices[random.below(choices.length)]!;
  const b = createBuilder({ name: `attention${seed}` });
  const [samples, timesteps] = [1 + random.below(4), pick([1, 2, 3, 5])];
  const batch = pick(['N', 'B']);
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

  const fire = (current: Value, threshold = pick([0.5, 1])): Value => {
    const dynamics = {
      threshold,
      reset: pick([null, 0]),
      output: pick(['binary', 'binary', 'threshold'] as const),
    };
    return pick([
      () => b.apply(lif, { current }, dynamics, name('lif')).spikes,
      () => b.apply(integrateAndFire, { current }, dynamics, name('if')).spikes,
    ])();
  };

  const narrow = (x: Value, outputs: number): Value =>
    b.apply(
      linear,
      { x, weight: weight([outputs, Number(x.type.shape.at(-1))]) },
      {},
      name('linear'),
    ).out;

  // Heads of whole blocks and others; some of many more channels than there are tokens.
  const [heads, each] = pick([
    [1, 16],
    [1, 96],
    [2, 24],
    [2, 32],
    [3, 16],
    [1, 48],
    [4, 8],
  ]) as [number, number];
  const width = heads * each;
  const side = pick([1, 2, 3, 5, 8, 9]);
  const length = pick([side * side, side * side, side * side, 130, 260]);
  const isImage = length === side * side;
  const numbers = input('numbers', [length, width], false);
  const events = input('events', [length, width], true);
  const source = fire(numbers);
  const operand = (): Value =>
    pick([() => fire(narrow(source, width), pick([1, 4])), () => events, () => source])();

  const attend = (): Value => {
    const dynamics = { threshold: pick([0.5, 1, 3]), reset: pick([null, 0]), heads };
    const scale = pick([0.125, 0.25, 0.3]);
    const [q, k, v] = [operand(), operand(), operand()];
    const order = pick(['map-first', 'context-first'] as const);
    const { heads: _, ...plain } = dynamics;
    return pick([
      () => b.apply(ssa, { q, k, v }, { ...dynamics, scale, order }, name('ssa')).spikes,
      () => b.apply(ssa, { q, k, v }, { ...dynamics, scale, order }, name('ssa')).spikes,
      () =>
        b.apply(
          qkTokenAttention,
          { q, k },
          { ...dynamics, over: pick(['token', 'channel'] as const) },
          name('qk'),
        ).spikes,
      () => b.apply(spikeDrivenAttention, { q, k, v }, plain, name('sdsa')).spikes,
    ])();
  };

  /** Products of spikes, and of what comes of them, written out. */
  const multiply = (): Value => {
    const split = (x: Value): Value =>
      b.transpose(b.reshape(x, [batch, length, heads, each]), [0, 2, 1, 3]);
    const [q, k, v] = [split(operand()), split(operand()), split(operand())];
    const product = pick([
      () => b.matmul(b.matmul(q, k, { transposeB: true }, name('map')), v, {}, name('context')),
      () => b.matmul(q, b.matmul(k, v, { transposeA: true }, name('map')), {}, name('context')),
    ]);
    const merged = b.reshape(b.transpose(product(), [0, 2, 1, 3]), [batch, length, width]);
    return fire(b.mul(merged, pick([0.0625, 0.25]), name('scaled')));
  };

  const attended = attend();
  b.output('products', multiply());
  b.output('attended', attended);
  b.output('again', fire(narrow(attend(), 20)));
  b.output('rate', b.mean(attended, [1], random.below(2) === 0));
  if (isImage) {
    const turned = b.reshape(b.transpose(pick([attended, source]), [0, 2, 1]), [
      batch,
      width,
      side,
      side,
    ]);
    const kernel = [1 + random.below(side), 1 + random.below(side)] as [number, number];
    const padding = [kernel[0], kernel[0], kernel[1], kernel[1]].map((size) =>
      random.below(size),
    ) as [number, number, number, number];
    const stride = [1 + random.below(3), 1 + random.below(3)] as [number, number];
    const convolved = fire(
      b.conv2d({ x: turned, weight: weight([24, width, 1, 1]) }, {}, name('conv')),
    );
    const pooled = b.maxPool2d(
      pick([turned, convolved]),
      { kernel, stride, padding },
      name('pool'),
    );
    const ordered = pick([() => pooled, () => b.transpose(pooled, [0, 2, 3, 1])])();
    const flat = b.reshape(
      ordered,
      [batch, sizeOf(pooled.type.shape.slice(1).map(Number))],
      name('flat'),
    );
    b.output('flat', narrow(fire(narrow(flat, 10)), 3));
    b.output('pooled', pick([pooled, flat]));
    b.output('sum', b.sum(convolved, [-1, 2]));
    b.output('pooledRate', b.mean(pooled, [2, 3], random.below(2) === 0));
    b.output(
      'average',
      b.avgPool2d(convolved, { kernel: [side, side], stride: [1, 1] }, name('average')),
    );
  } else {
    b.output('flat', b.reshape(attended, [batch, length * width], name('flat')));
    b.output('sum', b.sum(attended, [2]));
  }
  const graph = eliminateDeadCode(b.build());
  const alive = new Set(graph.nodes.map(({ id }) => id));
  const looked = visible.filter((id) => alive.has(id));
  return { graph, samples, timesteps, held, sequence, batch, visible: looked };
}

function eighths(random: Random, shape: readonly number[]): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => (random.below(17) - 8) / 8);
  return tensor(data, [...shape]);
}

function spikes(random: Random, shape: readonly number[]): Tensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, () => Number(random.below(3) === 0));
  return tensor(data, [...shape]);
}
