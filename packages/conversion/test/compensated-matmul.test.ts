import { compensatedMatmul, conversion } from '@spikeloom/conversion';
import { createBuilder, createRandom, createRegistry, tensor, type Tensor } from '@spikeloom/ir';
import { type Backend, traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { describe, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden, stepsOf } from './golden.ts';

const golden = openGolden('ecm_matmul');
const tolerance = { absolute: 1e-5 };

interface Run {
  readonly out: Tensor;
  readonly sumA: Tensor;
  readonly sumB: Tensor;
  readonly product: Tensor;
}

async function run(
  backend: Backend,
  attributes: { transposeA?: boolean; transposeB?: boolean },
  a: readonly Tensor[],
  b: readonly Tensor[],
  kernels: 'all' | 'primitives' = 'all',
): Promise<Run> {
  const builder = createBuilder();
  const inputs = { a: builder.input('a', a[0]!.shape), b: builder.input('b', b[0]!.shape) };
  builder.output('out', builder.apply(compensatedMatmul, inputs, attributes, 'op').out);
  const registry = createRegistry([conversion]);
  const program = await backend.compile(builder.build(), { registry, kernels });
  const states = traces(['op.a_sum', 'op.b_sum', 'op.product']);
  const { out } = await program.run({ a, b }, { timesteps: a.length, taps: states.taps });
  const [sumA, sumB, product] = states.read().values();
  return { out: out!, sumA: sumA!, sumB: sumB!, product: product! };
}

describe.each(backends)('the compensated product on %s', (_, backend) => {
  describe.each(['all', 'primitives'] as const)('kernels: %s', (kernels) => {
    test('of queries and keys agrees with the reference code, in outputs and sums', async () => {
      const [a, b] = [golden.tensor('qk.a'), golden.tensor('qk.b')];
      const attributes = { transposeB: true };
      const found = await run(backend, attributes, stepsOf(a), stepsOf(b), kernels);
      expectClose('output', found.out, golden.tensor('qk.output'), tolerance);
      expectClose('sum of a', found.sumA, golden.tensor('qk.total_a'), tolerance);
      // The reference keeps the sum of b as it multiplies with it: turned.
      expectClose('sum of b', turned(found.sumB), golden.tensor('qk.total_b'), tolerance);
      expectClose('product', found.product, golden.tensor('qk.total_prod'), tolerance);
    });

    test('of weights and values agrees with the reference code, in outputs and sums', async () => {
      const [a, b] = [golden.tensor('av.a'), golden.tensor('av.b')];
      const found = await run(backend, {}, stepsOf(a), stepsOf(b), kernels);
      expectClose('output', found.out, golden.tensor('av.output'), tolerance);
      expectClose('sum of a', found.sumA, golden.tensor('av.total_a'), tolerance);
      expectClose('sum of b', found.sumB, golden.tensor('av.total_b'), tolerance);
      expectClose('product', found.product, golden.tensor('av.total_prod'), tolerance);
    });
  });

  test.each([
    { transposeA: false, transposeB: false },
    { transposeA: false, transposeB: true },
    { transposeA: true, transposeB: false },
    { transposeA: true, transposeB: true },
  ])('has as its mean the product of the mean operands: %o', async (attributes) => {
    const random = createRandom(21);
    const matrix = (rows: number, columns: number, isTurned: boolean): Tensor =>
      tensor(
        Array.from({ length: 2 * rows * columns }, () => random.below(3) - 1),
        isTurned ? [2, columns, rows] : [2, rows, columns],
      );
    const a = Array.from({ length: 6 }, () => matrix(3, 4, attributes.transposeA));
    const b = Array.from({ length: 6 }, () => matrix(4, 5, attributes.transposeB));
    const { out } = await run(backend, attributes, a, b);
    const means = (steps: readonly Tensor[], count: number): number[] =>
      [...steps[0]!.data].map(
        (_value, index) =>
          steps.slice(0, count).reduce((sum, step) => sum + step.data[index]!, 0) / count,
      );
    for (let count = 1; count <= 6; count++) {
      const [left, right] = [means(a, count), means(b, count)];
      const wanted = Float32Array.from({ length: 30 }, (_value, at) => {
        const [sample, i, j] = [Math.floor(at / 15), Math.floor(at / 5) % 3, at % 5];
        let sum = 0;
        for (let k = 0; k < 4; k++) {
          const x = left[sample * 12 + (attributes.transposeA ? k * 3 + i : i * 4 + k)]!;
          const y = right[sample * 20 + (attributes.transposeB ? j * 4 + k : k * 5 + j)]!;
          sum += x * y;
        }
        return sum;
      });
      const found = Float32Array.from(means(stepsOf(out), count));
      const shape = [2, 3, 5];
      const got: Tensor = { shape, dtype: 'float32', data: found };
      expectClose(`${count} steps`, got, { ...got, data: wanted }, tolerance);
    }
  });
});

/** The same with the last two axes exchanged. */
function turned({ shape, dtype, data }: Tensor): Tensor {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const result = Float32Array.from(data, (_value, index) => {
    const [matrix, at] = [Math.floor(index / (rows * columns)), index % (rows * columns)];
    return data[matrix * rows * columns + (at % rows) * columns + Math.floor(at / rows)]!;
  });
  return { shape: [...shape.slice(0, -2), columns, rows], dtype, data: result };
}
