import { createBuilder, createRandom, relu, softmax, type Value } from '@spikeloom/ir';
import { lif } from '@spikeloom/neurons';
import { type ExampleNetwork, samples, timesteps } from './example-networks.ts';
import { normalTensor } from './random-tensor.ts';

/** A network of random operators on values `[N, 4]`, with states, the clock and ops that mix samples. */
export function randomNetwork(seed: number, options: { perSample: boolean }): ExampleNetwork {
  const random = createRandom(seed);
  const b = createBuilder({ name: `random${seed}` });
  const values: Value[] = [b.input('held', ['N', 4]), b.input('moving', ['N', 4])];
  const pick = (): Value => values[random.below(values.length)]!;
  const vector = (): Value =>
    b.param(`w${values.length}`, [4], { tensor: normalTensor(random, [4]) });
  const states: Value[] = [];

  const perSample: readonly (() => Value)[] = [
    () => b.add(pick(), pick()),
    () => b.mul(pick(), vector()),
    () => b.sub(pick(), b.mean(pick(), [1], true)),
    () => b.tanh(pick()),
    () => b.mul(b.tanh(pick()), b.step()),
    () => b.apply(relu, { x: pick() }).out,
    () => b.apply(softmax, { x: pick() }, { axis: -1 }).out,
    () => b.apply(lif, { current: pick() }, { threshold: 0.3 }).spikes,
    () => b.reshape(b.transpose(b.reshape(pick(), ['N', 2, 2]), [0, 2, 1]), ['N', 4]),
    () => b.concat([b.slice(pick(), 1, 1, 3), b.slice(pick(), 1, 0, 1)], 1),
    () => b.select(b.greater(pick(), 0), pick(), 0.5),
    () => {
      const state = b.state(`state${states.length}`, { like: ['N', 4], initial: 0.1 });
      states.push(state);
      return state;
    },
  ];
  const mixing: readonly (() => Value)[] = [
    () => b.sub(pick(), b.max(pick(), [0], true)),
    () => b.apply(softmax, { x: pick() }, { axis: 0 }).out,
    () => b.transpose(b.tanh(b.transpose(pick(), [1, 0])), [1, 0]),
    () => b.matmul(pick(), b.matmul(pick(), pick(), { transposeA: true })),
  ];
  const choices = options.perSample ? perSample : [...perSample, ...mixing];
  for (let count = 0; count < 14; count++) values.push(choices[random.below(choices.length)]!());
  // Writes come last, so that states may hold what was computed from them.
  for (const state of states) b.write(state, b.tanh(pick()));
  b.output('last', b.tanh(values.at(-1)!));
  b.output('any', pick());
  const inputs = {
    held: normalTensor(random, [samples, 4]),
    moving: Array.from({ length: timesteps }, () => normalTensor(random, [samples, 4])),
  };
  return { name: `of random operators, seed ${seed}`, graph: b.build(), inputs, ...options };
}
