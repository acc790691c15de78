/** Derivatives that are definitions, and those at kinks: what slopes cannot check. */
import {
  type Builder,
  createBuilder,
  relu,
  type Surrogate,
  surrogateDerivative,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { differentiate } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { evaluateTerm } from './evaluate-term.ts';
import { registry } from './run-back.ts';

const numbers = [-2, -1, -0.5, 0, 0.25, 0.5, 1, 2];

/** The gradient of the sum of what is made of some numbers, each times its place from 1. */
async function gradient(
  backend: (typeof backends)[number][1],
  x: Tensor,
  build: (b: Builder, x: Value) => Value,
): Promise<number[]> {
  const { gradients } = await evaluateTerm(backend, { x }, ['x'], (b, of) => {
    const out = build(b, of('x'));
    return b.sum(
      out,
      out.type.shape.map((_, axis) => axis),
    );
  });
  return [...gradients['x']!.data];
}

describe.each(backends)('on %s', (_, backend) => {
  const of = (build: (b: Builder, x: Value) => Value): Promise<number[]> =>
    gradient(backend, tensor(numbers), build);

  test.each<Surrogate>([
    { kind: 'atan', alpha: 2 },
    { kind: 'sigmoid', alpha: 4 },
    { kind: 'triangle', width: 1 },
    { kind: 'fast-sigmoid', slope: 25 },
    { kind: 'rectangle', width: 1 },
  ])('a spike has the derivative of its surrogate, $kind', async (surrogate) => {
    const found = await of((b, x) => b.mul(b.spike(x, surrogate), 3));
    const wanted = numbers.map((u) => 3 * surrogateDerivative(surrogate, u));
    for (const [index, part] of wanted.entries()) expect(found[index]).toBeCloseTo(part, 5);
  });

  test('floor has none, or is straight through', async () => {
    expect(await of((b, x) => b.floor(x))).toEqual(numbers.map(() => 0));
    expect(await of((b, x) => b.floor(x, 'straight-through'))).toEqual(numbers.map(() => 1));
  });

  test('levels are straight through from the lowest to the highest', async () => {
    const levels = { positive: 0.25, negative: 0.5, levels: 2 };
    // From -1 to 0.5.
    const wanted = [0, 1, 1, 1, 1, 1, 0, 0];
    expect(await of((b, x) => b.quantizeLevels(x, levels))).toEqual(wanted);
  });

  test('nothing passes where a gradient is stopped, where truth is told or numbers are drawn', async () => {
    const zero = numbers.map(() => 0);
    expect(await of((b, x) => b.stopGradient(x))).toEqual(zero);
    expect(await of((b, x) => b.cast(b.greater(x, 0), 'float32'))).toEqual(zero);
    expect(await of((b, x) => b.cast(b.greaterEqual(x, b.mul(x, 2)), 'float32'))).toEqual(zero);
    expect(await of((b, x) => b.cast(b.equal(x, 0), 'float32'))).toEqual(zero);
    expect(await of((b, x) => b.uniform(x, 3))).toEqual(zero);
    expect(await of((b, x) => b.cast(b.cast(x, 'int32'), 'float32'))).toEqual(zero);
    // Around the stop it flows.
    expect(await of((b, x) => b.add(x, b.stopGradient(b.mul(x, 5))))).toEqual(zero.map(() => 1));
  });

  test('a cast from numbers to numbers passes everything', async () => {
    expect(await of((b, x) => b.cast(x, 'float32'))).toEqual(numbers.map(() => 1));
  });

  test('at its kink, ReLU has the derivative 0, |x| 0, and of two equal numbers each takes half', async () => {
    const at = numbers.indexOf(0);
    expect((await of((b, x) => b.apply(relu, { x }).out))[at]).toBe(0);
    expect((await of((b, x) => b.abs(x)))[at]).toBe(0);
    expect((await of((b, x) => b.maximum(x, 0)))[at]).toBe(0.5);
    expect((await of((b, x) => b.minimum(0, x)))[at]).toBe(0.5);
  });

  test('equal maxima share the gradient', async () => {
    const x = tensor([3, 1, 3, 3, -1, -1, 0, -2], [2, 4]);
    const third = Math.fround(1 / 3);
    expect(await gradient(backend, x, (b, value) => b.max(value, [1]))).toEqual([
      ...[third, 0, third, third],
      ...[0, 0, 1, 0],
    ]);
  });

  test('of equal maxima in a window the first one takes it all, and margins take nothing', async () => {
    const x = tensor([1, 2, 5, 5, 2, 0, 5, 5], [1, 1, 2, 4]);
    expect(
      await gradient(backend, x, (b, value) =>
        b.maxPool2d(value, { kernel: [2, 2], stride: [2, 2] }),
      ),
    ).toEqual([...[0, 1, 1, 0], ...[0, 0, 0, 0]]);
    const below = tensor([-1, -2, -3, -4], [1, 1, 2, 2]);
    const framed: Parameters<Builder['maxPool2d']>[1] = {
      kernel: [2, 2],
      stride: [1, 1],
      padding: [1, 1, 1, 1],
    };
    // Nine windows: the first element is in four of them, and the largest of all.
    expect(await gradient(backend, below, (b, value) => b.maxPool2d(value, framed))).toEqual([
      4, 2, 2, 1,
    ]);
  });

  test('a power of 0 is no trouble where only its base is asked for', async () => {
    const found = await gradient(backend, tensor([0, 2]), (b, x) => b.pow(x, 2));
    expect(found).toEqual([0, 4]);
  });
});

describe('differentiate', () => {
  const graph = () => {
    const b = createBuilder();
    const [x, y] = [b.input('x', [2]), b.input('y', [2])];
    b.input('apart', [3]);
    const twice = b.add(x, x, 'twice');
    const product = b.mul(twice, b.mul(x, y), 'product');
    b.output('sum', b.sum(product, [0], false, 'sum'));
    return b.build();
  };
  const { backend } = { backend: backends[0]![1] };

  test('adds up what flows back along several ways, and gives 0 where nothing does', async () => {
    const { builder, value, gradients } = differentiate(graph(), {
      registry,
      of: 'sum',
      wrt: ['x', 'y', 'apart', 'twice'],
    });
    builder.output('sum', value('sum'));
    for (const [name, found] of gradients) builder.output(`d ${name}`, found);
    const program = await backend.compile(builder.build(), { registry });
    const given = { x: tensor([1, 3]), y: tensor([5, -2]), apart: tensor([1, 1, 1]) };
    const found = await program.run(
      Object.fromEntries(Object.entries(given).filter(([name]) => program.inputs.has(name))),
      { timesteps: 1 },
    );
    // 2 x^2 y: by x 4 x y, by y 2 x^2; by twice x y.
    expect([...found['sum']!.data]).toEqual([-26]);
    expect([...found['d x']!.data]).toEqual([20, -24]);
    expect([...found['d y']!.data]).toEqual([2, 18]);
    expect([...found['d twice']!.data]).toEqual([5, -6]);
    expect(found['d apart']).toEqual({
      shape: [1, 3],
      dtype: 'float32',
      data: new Float32Array(3),
    });
  });

  test.each([
    [
      'what is no number',
      { of: 'product', wrt: ['x'] },
      { code: 'shape-mismatch', path: 'product' },
    ],
    ['what is not there', { of: 'total', wrt: ['x'] }, { code: 'unknown-value', path: 'total' }],
    ['by what is not there', { of: 'sum', wrt: ['x', 'z'] }, { code: 'unknown-value', path: 'z' }],
  ])('refuses %s', (_, options, parts) => {
    expect(() => differentiate(graph(), { registry, ...options })).toThrow(
      expect.objectContaining(parts),
    );
  });

  test('refuses states, saying where', () => {
    const b = createBuilder();
    const x = b.input('x', [2]);
    const sum = b.state('sum', { like: x });
    b.write(sum, b.add(sum, x));
    b.output('out', b.sum(sum, [0], false, 'out'));
    expect(() => differentiate(b.build(), { registry, of: 'out', wrt: ['x'] })).toThrow(
      expect.objectContaining({ code: 'unsupported', path: 'sum' }),
    );
  });
});
