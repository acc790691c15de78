import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  type AnyOperator,
  type Builder,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  sizeOf,
  tensor,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { multiThreshold, neurons } from '@spikeloom/neurons';
import { describe, expect, test } from 'vitest';
import { expectSameBits } from '../same-bits.ts';

const registry = createRegistry([neurons]);
const backend = wasmBackend();
const neuronOp: AnyOperator = multiThreshold;
const timesteps = 3;
const copies = ['spikeloom/transpose', 'spikeloom/slice', 'spikeloom/reshape'];

type Copies = (b: Builder, x: Value) => Value;

/** Heads of a query: what a Vision Transformer reads of the numbers of three projections. */
const headsOfQuery: Copies = (b, x) => {
  const split = b.reshape(x, ['N', 6, 3, 2, 5]);
  const heads = b.transpose(split, [2, 0, 3, 1, 4], 'heads');
  return b.reshape(b.slice(heads, 0, 1, 1, 'cut'), ['N', 2, 6, 5], 'query');
};

const cases: readonly (readonly [
  name: string,
  shape: readonly (number | string)[],
  copies: Copies,
])[] = [
  ['heads of a query', ['N', 6, 30], headsOfQuery],
  ['columns, whose elements do not lie together', ['N', 7, 9], (b, x) => b.transpose(x, [0, 2, 1])],
  ['a part of every row', ['N', 3, 11], (b, x) => b.slice(x, -1, 2, 7)],
  [
    'a part of a part, turned and flattened',
    ['N', 8, 6, 4],
    (b, x) =>
      b.reshape(b.transpose(b.slice(b.slice(x, 1, 1, 6), 1, 2, 3), [0, 2, 1, 3]), ['N', 72]),
  ],
  [
    'rows that were turned, flattened and turned again',
    ['N', 4, 6],
    (b, x) => b.transpose(b.reshape(b.transpose(x, [0, 2, 1]), ['N', 3, 8]), [0, 2, 1]),
  ],
  ['a single number', ['N', 5], (b, x) => b.slice(b.slice(x, 0, 0, 1), 1, 3, 1)],
  [
    'more axes than the kernel steps through',
    ['N', 432],
    (b, x) => b.transpose(b.reshape(x, ['N', 2, 3, 2, 3, 2, 3, 2]), [7, 5, 3, 1, 0, 2, 4, 6]),
  ],
];

function graphOf(shape: readonly (number | string)[], make: Copies, edge: string): Graph {
  const b = createBuilder();
  const x = b.input('x', shape);
  const current = make(b, b.mul(x, 2));
  const attributes = { positive: 0.25, negative: 0.5, levels: 4, edge };
  b.output('spikes', b.apply(neuronOp, { current }, attributes, 'neuron')['spikes']!);
  return b.build();
}

function steps(shape: readonly (number | string)[], samples: number): Tensor[] {
  const random = createRandom(41);
  const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : samples));
  return Array.from({ length: timesteps }, () =>
    tensor(
      Array.from({ length: sizeOf(sizes) }, () => random.normal()),
      sizes,
    ),
  );
}

describe('multi-threshold neurons read through copies', () => {
  test.each(cases)('of %s, with the bits of the reference', async (_, shape, make) => {
    for (const edge of ['half-base', 'nearest']) {
      await expectSameBits(backend, graphOf(shape, make, edge), {
        registry,
        inputs: { x: steps(shape, 3) },
        timesteps,
        states: ['neuron.v'],
        kernels: [multiThreshold.id],
      });
    }
  });

  /** How often copies ran, and what came out. */
  async function run(graph: Graph, x: readonly Tensor[], watched: readonly string[] = []) {
    const program = await backend.compile(graph, { registry });
    const ran: string[] = [];
    const seen: Tensor[] = [];
    const { spikes } = await program.run(
      { x },
      {
        timesteps,
        taps: watched.map((at) => ({ at, observe: ({ value }) => void seen.push(value) })),
        profiler: { now: () => 0, record: ({ op }) => void ran.push(op) },
      },
    );
    program.dispose();
    return { spikes: spikes!, seen, copies: ran.filter((op) => copies.includes(op)).length };
  }

  test('which run only where somebody looks', async () => {
    const graph = graphOf(['N', 6, 30], headsOfQuery, 'half-base');
    const x = steps(['N', 6, 30], 3);
    const plain = await run(graph, x);
    expect(plain.copies).toBe(0);
    const watched = await run(graph, x, ['query']);
    expect(watched.copies).toBe(copies.length * timesteps + timesteps);
    expect(watched.seen.map(({ shape }) => shape)).toEqual(x.map(() => [3, 2, 6, 5]));
    expect(watched.spikes).toEqual(plain.spikes);
  });

  test('when samples leave', async () => {
    const graph = graphOf(['N', 6, 30], headsOfQuery, 'half-base');
    const x = steps(['N', 6, 30], 3);
    const { spikes } = await run(graph, x);
    const program = await backend.compile(graph, { registry });
    const width = 2 * 6 * 5;
    for await (const { step, outputs, samples, keep } of program.steps({ x }, { timesteps })) {
      const wanted = samples.flatMap((sample) => [
        ...spikes.data.subarray((3 * step + sample) * width, (3 * step + sample + 1) * width),
      ]);
      expect([...outputs['spikes']!.data]).toEqual(wanted);
      if (step === 0) keep([2, 0]);
    }
    program.dispose();
  });
});
