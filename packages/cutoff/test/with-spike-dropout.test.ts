import { dropoutKey, withSpikeDropout } from '@spikeloom/cutoff';
import {
  createBuilder,
  createRegistry,
  type Graph,
  lowerToPrimitives,
  type Tensor,
  tensor,
  uniformNumbers,
} from '@spikeloom/ir';
import { integrateAndFire, lif, multiThreshold, neurons } from '@spikeloom/neurons';
import { traces } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { classifier, inputsOf } from './classifier.ts';
import { openGolden } from './golden.ts';

const registry = createRegistry([neurons]);
const rate = 0.3;
const [, cpu] = backends[0]!;

/** A neuron that passes spikes on as they come, unless a graph drops them. */
function relay(shape: readonly (number | string)[]): Graph {
  const b = createBuilder({ name: 'relay' });
  const current = b.input('x', shape);
  const { spikes } = b.apply(integrateAndFire, { current }, { reset: 0 }, 'cell');
  b.output('out', spikes);
  return b.build();
}

async function run(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor | readonly Tensor[]>>,
  timesteps: number,
  backend = cpu,
): Promise<Tensor> {
  const program = await backend.compile(graph, { registry });
  const outputs = await program.run(inputs, { timesteps });
  program.dispose();
  return Object.values(outputs)[0]!;
}

const key = (value: number): Record<string, Tensor> => ({ [dropoutKey]: tensor([value], []) });
const isDropped = ({ data }: Tensor): number[] => Array.from(data, (value) => Number(value === 0));

describe('on the spikes of the reference', () => {
  const golden = openGolden('setup_dropout');
  const spikes = golden.tensor('spikes');
  const [timesteps, ...shape] = spikes.shape as [number, number, number, number];
  const size = spikes.data.length / timesteps;
  const x = Array.from({ length: timesteps }, (_, step) =>
    tensor(spikes.data.slice(step * size, (step + 1) * size), shape),
  );

  test('what arrives is worth what it is in the reference, and nothing appears from nowhere', async () => {
    expect(golden.rate).toBe(rate);
    const values = (data: ArrayLike<number>) =>
      [...new Set(Array.from(data, (value) => value.toFixed(6)))].sort();
    const ours = await run(
      withSpikeDropout(relay(['N', ...shape.slice(1)]), { rate, registry }),
      { x, ...key(1) },
      timesteps,
    );
    expect(values(ours.data)).toEqual(values(golden.tensor('dropped').data));
    ours.data.forEach((value, index) => {
      if (spikes.data[index] === 0) expect(value).toBe(0);
    });
    const arrived = ours.data.filter((value) => value !== 0).length;
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(spikes.data.filter((value) => value !== 0).length);
  });

  test('without the pass every spike arrives', async () => {
    const ours = await run(relay(['N', ...shape.slice(1)]), { x }, timesteps);
    expect([...ours.data]).toEqual([...spikes.data]);
  });

  test('elements are dropped one by one, by the random numbers of key + timestep and layer', async () => {
    const dropping = withSpikeDropout(relay(['N', ...shape.slice(1)]), { rate, registry });
    const ours = await run(dropping, { x, ...key(90) }, timesteps);
    for (let step = 0; step < timesteps; step++) {
      const drawn = uniformNumbers(size, 90 + step, 0);
      const expected = Array.from(drawn, (number, index) =>
        number >= Math.fround(rate) ? spikes.data[step * size + index]! / (1 - rate) : 0,
      );
      expect([...ours.data.slice(step * size, (step + 1) * size)]).toEqual(
        expected.map(Math.fround),
      );
    }
  });
});

describe('what is dropped', () => {
  const ones = tensor(new Float32Array(4000).fill(1), [40, 100]);
  const dropping = withSpikeDropout(relay(['N', 100]), { rate, registry });
  const dropped = async (value: number, timesteps = 1) =>
    isDropped(await run(dropping, { x: ones, ...key(value) }, timesteps));
  const agreement = (a: readonly number[], b: readonly number[]): number =>
    a.filter((one, index) => one === b[index]).length / a.length;
  // What two independent masks agree on: both dropped, or neither.
  const byChance = rate ** 2 + (1 - rate) ** 2;

  test('is the wanted share, wherever one looks', async () => {
    const mask = await dropped(5);
    expect(mask.reduce((sum, one) => sum + one, 0) / 4000).toBeCloseTo(rate, 1);
    const rows = Array.from({ length: 40 }, (_, row) => mask.slice(row * 100, row * 100 + 100));
    expect(new Set(rows.map((row) => row.join())).size).toBe(40);
  });

  test('follows from the key', async () => {
    expect(await dropped(5)).toEqual(await dropped(5));
    expect(agreement(await dropped(5), await dropped(6))).toBeCloseTo(byChance, 1);
  });

  test('is drawn anew at every timestep', async () => {
    const mask = await dropped(5, 3);
    const [first, second, third] = [0, 1, 2].map((step) =>
      mask.slice(step * 4000, (step + 1) * 4000),
    );
    expect(agreement(first!, second!)).toBeCloseTo(byChance, 1);
    expect(agreement(first!, third!)).toBeCloseTo(byChance, 1);
    expect(agreement(second!, third!)).toBeCloseTo(byChance, 1);
  });

  test('is another in every layer', async () => {
    const b = createBuilder();
    const current = b.input('x', ['N', 100]);
    const outputs = ['first', 'second'].map(
      (name) => b.apply(integrateAndFire, { current }, { reset: 0 }, name).spikes,
    );
    b.output('out', b.concat(outputs, 1));
    const both = withSpikeDropout(b.build(), { rate, registry });
    const mask = isDropped(await run(both, { x: ones, ...key(5) }, 1));
    const half = (part: number) =>
      mask.filter((_, index) => Math.floor((index % 200) / 100) === part);
    expect(agreement(half(0), half(1))).toBeCloseTo(byChance, 1);
  });

  test.each(backends)('is the same on %s', async (_, backend) => {
    const graph = withSpikeDropout(classifier(), { rate, registry });
    const inputs = { x: inputsOf(30), ...key(77) };
    const [here, there] = [await run(graph, inputs, 5), await run(graph, inputs, 5, backend)];
    expect(there.shape).toEqual([5, 30, 4]);
    there.data.forEach((value, index) => expect(value).toBeCloseTo(here.data[index]!, 4));
    expect(here.data).not.toEqual((await run(classifier(), { x: inputs.x }, 5)).data);
  });
});

test('the neuron remembers its spike whether or not it arrives', async () => {
  const path = 'cell.v';
  const potentials = async (graph: Graph, inputs: Record<string, Tensor>) => {
    const program = await cpu.compile(graph, { registry });
    const probe = traces([path]);
    await program.run(inputs, { timesteps: 5, taps: probe.taps });
    return probe.read().get(path);
  };
  const x = inputsOf(20);
  const dropping = withSpikeDropout(classifier(), { rate: 0.9, registry });
  expect(await potentials(dropping, { x, ...key(3) })).toEqual(
    await potentials(classifier(), { x }),
  );
});

test('the network that was given stays as it was', () => {
  const graph = classifier();
  const before = JSON.stringify(graph.nodes);
  const dropping = withSpikeDropout(graph, { rate, registry });
  expect(JSON.stringify(graph.nodes)).toBe(before);
  expect(dropping.weights).toEqual(graph.weights);
  expect(Object.keys(dropping.outputs)).toEqual(Object.keys(graph.outputs));
  const added = dropping.nodes.filter(({ id }) => !graph.nodes.some((node) => node.id === id));
  expect(added.map(({ op }) => op).sort()).toEqual([
    'spikeloom/add',
    'spikeloom/dropout',
    'spikeloom/input',
    'spikeloom/step',
  ]);
});

test('graded neurons and those worth their threshold lose spikes too, what only looks like spikes does not', async () => {
  const b = createBuilder();
  const x = b.input('x', ['N', 50]);
  const graded = b.apply(
    multiThreshold,
    { current: x },
    { positive: 0.5, negative: 0.5 },
    'graded',
  );
  const scaled = b.apply(lif, { current: x }, { threshold: 0.5, output: 'threshold' }, 'scaled');
  const edge = b.spike(x, { kind: 'atan', alpha: 2 }, '>=', 'edge');
  b.output('out', b.concat([graded.spikes, scaled.spikes, edge], 1));
  const dropping = withSpikeDropout(b.build(), { rate, registry });
  expect(dropping.nodes.filter(({ op }) => op === 'spikeloom/dropout').map(({ id }) => id)).toEqual(
    ['graded.dropout', 'scaled.dropout'],
  );
  const ones = tensor(new Float32Array(1000).fill(1), [20, 50]);
  const { data } = await run(dropping, { x: ones, ...key(1) }, 1);
  const part = (index: number) =>
    new Set(
      Array.from(data)
        .filter((_, position) => Math.floor((position % 150) / 50) === index)
        .map((value) => value.toFixed(5)),
    );
  expect(part(0)).toEqual(new Set(['0.00000', (1 / 0.7).toFixed(5)]));
  expect(part(1)).toEqual(new Set(['0.00000', (0.5 / 0.7).toFixed(5)]));
  expect(part(2)).toEqual(new Set(['1.00000']));
});

test('a network that feeds spikes back still type-checks and runs', async () => {
  const b = createBuilder();
  const x = b.input('x', ['N', 8]);
  const last = b.state('last', { like: x, signal: { kind: 'spike' } });
  const { spikes } = b.apply(lif, { current: b.add(x, last) }, {}, 'cell');
  b.write(last, spikes);
  b.output('out', spikes);
  const dropping = withSpikeDropout(b.build(), { rate, registry });
  const x1 = tensor(new Float32Array(80).fill(2), [10, 8]);
  const { data } = await run(dropping, { x: x1, ...key(2) }, 4);
  expect(new Set(Array.from(data, (value) => value.toFixed(5)))).toEqual(
    new Set(['0.00000', (1 / 0.7).toFixed(5)]),
  );
});

describe('is refused', () => {
  test('for a network without neurons, or one lowered to primitives', () => {
    const b = createBuilder({ name: 'linear' });
    b.output('out', b.neg(b.input('x', ['N', 3])));
    const refused = expect.objectContaining({ code: 'unsupported' });
    expect(() => withSpikeDropout(b.build(), { rate, registry })).toThrow(refused);
    const { graph } = lowerToPrimitives(classifier(), registry);
    expect(() => withSpikeDropout(graph, { rate, registry })).toThrow(refused);
  });

  test('twice', () => {
    const dropping = withSpikeDropout(classifier(), { rate, registry });
    expect(() => withSpikeDropout(dropping, { rate, registry })).toThrow(
      expect.objectContaining({ code: 'already-exists', path: dropoutKey }),
    );
  });

  test.each([-0.1, 1, 2, NaN])('at a rate of %d', (wrong) => {
    expect(() => withSpikeDropout(classifier(), { rate: wrong, registry })).toThrow(
      expect.objectContaining({ code: 'invalid-attribute' }),
    );
  });
});
