import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  compensatedGelu,
  compensatedLayerNorm,
  compensatedMatmul,
  compensatedSoftmax,
  conversion,
} from '@spikeloom/conversion';
import {
  type AnyOperator,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  sizeOf,
  tensor,
  type Tensor,
} from '@spikeloom/ir';
import { type Inputs, traces } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';

const registry = createRegistry([conversion]);
const timesteps = 5;
/** That of the operators' examples: outputs are differences of numbers that grow with t. */
const tolerance = 2e-5;

function steps(shape: readonly number[], seed: number, scale = 1): Tensor[] {
  const random = createRandom(seed);
  return Array.from({ length: timesteps }, () =>
    tensor(
      Array.from({ length: sizeOf(shape) }, () => scale * random.normal()),
      shape,
    ),
  );
}

/** Outputs and states by the kernel, and by the lowering on the reference. */
async function both(graph: Graph, op: string, inputs: Inputs, states: readonly string[]) {
  const results = [];
  for (const backend of [wasmBackend(), cpuBackend()]) {
    const isReference = backend.name === 'cpu';
    const kernels = isReference ? 'primitives' : 'all';
    const program = await backend.compile(graph, { registry, kernels });
    if (!isReference) expect(program.operators.get(op)).toBe(1);
    const seen = traces(states);
    const { out } = await program.run(inputs, { timesteps, taps: seen.taps });
    program.dispose();
    results.push({ out: out!, states: seen.read() });
  }
  return results as [(typeof results)[0], (typeof results)[0]];
}

/** NaN where NaN is wanted, and elsewhere the same number or one close to it. */
function expectAlike(got: Tensor, wanted: Tensor): void {
  expect(got.shape).toEqual(wanted.shape);
  const wrong = [...wanted.data.keys()].filter((index) => {
    const [one, other] = [got.data[index]!, wanted.data[index]!];
    const isClose = Math.abs(one - other) <= tolerance * Math.max(1, Math.abs(other));
    return !Object.is(one, other) && !isClose && one !== other;
  });
  const places = wrong.slice(0, 5).map((index) => [index, got.data[index], wanted.data[index]]);
  expect(places).toEqual([]);
}

const functions: readonly (readonly [string, AnyOperator, object])[] = [
  ['soft-max', compensatedSoftmax, { axis: -1 }],
  ['layer normalisation', compensatedLayerNorm, { epsilon: 1e-6 }],
  ['GELU', compensatedGelu, {}],
];

/** The operator alone, on x plus NaN wherever `bad` is infinite. */
function functionGraph(op: AnyOperator, attributes: object, shape: readonly number[]): Graph {
  const b = createBuilder();
  const bad = b.input('bad', shape);
  const x = b.add(b.input('x', shape), b.sub(bad, bad));
  const width = shape.at(-1)!;
  const [weight, bias] = ['weight', 'bias'].map((name, index) =>
    b.param(name, [width], { tensor: steps([width], 70 + index)[0]! }),
  );
  const inputs = 'weight' in op.inputs ? { x, weight: weight!, bias: bias! } : { x };
  b.output('out', b.apply(op, inputs, attributes, 'op')['out']!);
  return b.build();
}

describe.each(functions)('%s with compensation agrees with its lowering', (_, op, attributes) => {
  test.each([1, 2, 3, 4, 5, 7, 8, 11, 50, 96])('on rows of %d', async (width) => {
    const shape = [6, width];
    const graph = functionGraph(op, attributes, shape);
    const inputs = { x: steps(shape, width, 3), bad: tensor(new Float32Array(6 * width), shape) };
    const [got, wanted] = await both(graph, op.id, inputs, ['op.sum', 'op.before']);
    expectAlike(got.out, wanted.out);
    expect(got.states.get('op.sum')).toEqual(wanted.states.get('op.sum'));
    expectAlike(got.states.get('op.before')!, wanted.states.get('op.before')!);
  });

  test('on zeros, equal numbers, tiny and large ones, and NaN', async () => {
    const rows = [
      [0, -0, 0, 0, 0],
      [3, 3, 3, 3, 3],
      [1e-40, -1e-40, 1e-45, 0, 1e-38],
      [-100, 60, -30, 12, 4],
      [1, 2, 3, 4, 5],
      [0.1, -0.2, 0.3, -0.4, 0.5],
    ];
    const shape = [rows.length, 5];
    const bad = new Float32Array(sizeOf(shape));
    bad[4 * 5 + 4] = Infinity;
    const x = Array.from({ length: timesteps }, () => tensor(rows.flat(), shape));
    const graph = functionGraph(op, attributes, shape);
    const [got, wanted] = await both(graph, op.id, { x, bad: tensor(bad, shape) }, ['op.sum']);
    expectAlike(got.out, wanted.out);
    expect(got.out.data.some(Number.isNaN)).toBe(true);
  });
});

test('soft-max with compensation leaves out what is masked', async () => {
  const shape = [2, 6];
  const graph = functionGraph(compensatedSoftmax, { axis: -1 }, shape);
  const row = [1, -Infinity, 0.5, 2, -Infinity, 1e4];
  const x = tensor([...row, ...row.map((value) => Math.min(value, 3))], shape);
  const inputs = { x, bad: tensor(new Float32Array(12), shape) };
  const [got, wanted] = await both(graph, compensatedSoftmax.id, inputs, []);
  expectAlike(got.out, wanted.out);
  expect([got.out.data[1], got.out.data[4], got.out.data[5]]).toEqual([0, 0, 1]);
});

describe('the compensated product agrees with its lowering', () => {
  test.each([
    { a: [2, 3, 5, 7], b: [2, 3, 7, 9] },
    { a: [2, 17, 32], b: [2, 50, 32], transposeB: true },
    { a: [4, 3, 5], b: [4, 3, 6], transposeA: true },
    { a: [4, 3, 5], b: [4, 6, 3], transposeA: true, transposeB: true },
    { a: [1, 1], b: [1, 1] },
    { a: [5, 7], b: [7, 3] },
    { a: [2, 5, 7], b: [7, 3] },
    { a: [5, 7], b: [2, 7, 3] },
    { a: [5, 7], b: [2, 3, 7], transposeB: true },
    { a: [2, 1, 5, 7], b: [3, 7, 4] },
    { a: [1, 5, 7], b: [2, 7, 4] },
  ])('%o', async ({ a, b: right, ...flags }) => {
    const b = createBuilder();
    const operands = { a: b.input('a', a), b: b.input('b', right) };
    b.output('out', b.apply(compensatedMatmul, operands, flags, 'op').out);
    const inputs = { a: steps(a, 5), b: steps(right, 6) };
    const states = ['op.a_sum', 'op.b_sum', 'op.product'];
    const [got, wanted] = await both(b.build(), compensatedMatmul.id, inputs, states);
    expectAlike(got.out, wanted.out);
    for (const state of states) expectAlike(got.states.get(state)!, wanted.states.get(state)!);
  });
});
