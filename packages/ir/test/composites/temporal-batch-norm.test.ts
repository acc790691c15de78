import { readFileSync } from 'node:fs';
import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  createBuilder,
  createRegistry,
  realType,
  type Shape,
  temporalBatchNorm,
  tensor,
  type Tensor,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

type Vector = 'weight' | 'bias' | 'mean' | 'variance' | 'p';

/** Runs one layer over all timesteps of `[T, N, C, …]`. */
async function run(x: Tensor, vectors: Readonly<Record<Vector, number[]>>): Promise<number[]> {
  const b = createBuilder();
  const [timesteps, ...shape] = x.shape as [number, ...number[]];
  const size = x.data.length / timesteps;
  const params = Object.entries(vectors).map(([name, values]) => [
    name,
    b.param(name, [values.length], { tensor: tensor(values) }),
  ]);
  const inputs = { x: b.input('x', shape), ...Object.fromEntries(params) };
  b.output('y', b.apply(temporalBatchNorm, inputs, {}, 'layer').out);
  const program = await cpuBackend().compile(b.build(), { registry: createRegistry() });
  const steps = Array.from({ length: timesteps }, (_, step) =>
    tensor(x.data.slice(step * size, (step + 1) * size), shape),
  );
  const { y } = await program.run({ x: steps }, { timesteps });
  return [...y!.data];
}

describe('temporalBatchNorm', () => {
  const typesWith = (p: Shape) => ({
    x: realType(['N', 3, 8, 8]),
    weight: realType([3]),
    bias: realType([3]),
    mean: realType([3]),
    variance: realType([3]),
    p: realType(p),
  });

  test('keeps the shape', () => {
    expect(inferOne(temporalBatchNorm, typesWith([4]))).toEqual({
      out: realType(['N', 3, 8, 8]),
    });
  });

  test.each<[Shape]>([[[]], [[4, 1]], [['T']], [[0]]])('refuses scales of shape %j', (shape) => {
    expect(thrownBy(() => inferOne(temporalBatchNorm, typesWith(shape)))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });

  test('refuses what batchNorm refuses', () => {
    const types = { ...typesWith([4]), mean: realType([4]) };
    expect(thrownBy(() => inferOne(temporalBatchNorm, types))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
      expected: '[3]',
    });
  });

  test('has the scale of the timestep, and the last one from then on', async () => {
    const vectors = { weight: [1], bias: [0], mean: [0], variance: [1 - 1e-5], p: [1, 10, 100] };
    expect(await run(tensor([1, 1, 1, 1, 2], [5, 1, 1]), vectors)).toEqual([1, 10, 100, 100, 200]);
  });

  test('is, with fixed statistics, that of the reference code', async () => {
    const path = new URL('../golden/temporal-batch-norm.json', import.meta.url);
    const golden = JSON.parse(readFileSync(path, 'utf8')) as Record<
      Vector | 'x' | 'y',
      number[]
    > & {
      readonly shape: number[];
    };
    const { x, y, shape, ...vectors } = golden;
    const results = await run(tensor(x, shape), vectors);
    const largest = Math.max(...results.map((value, index) => Math.abs(value - y[index]!)));
    expect(results).toHaveLength(y.length);
    expect(largest).toBeLessThan(1e-5);
  });
});
