import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type DType,
  sizeOf,
  takeRows,
  tensor,
} from '@spikeloom/ir';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';

const registry = createRegistry();
const batch = 7;

describe.each([
  ['tfjs', tfjsBackend('cpu')],
  ['wasm', wasmBackend()],
] as const)('on %s, samples that stay keep their rows', (_, backend) => {
  const cases = (['float32', 'int32', 'bool'] as const).flatMap(
    (dtype): { dtype: DType; axis: number }[] => [0, 1, 2].map((axis) => ({ dtype, axis })),
  );

  test.each(cases)('of $dtype along axis $axis', async ({ dtype, axis }) => {
    const random = createRandom(axis + 61);
    const shape = [2, 3, 5].with(axis, batch);
    const data = Array.from({ length: sizeOf(shape) }, () =>
      random.below(dtype === 'bool' ? 2 : 99),
    );
    const x = tensor(data, shape, dtype);
    const b = createBuilder();
    const named = shape.map((dim, index) => (index === axis ? 'N' : dim));
    b.output('y', b.identity(b.input('x', named, { dtype })));
    const program = await backend.compile(b.build(), { registry });
    const stay = [[0, 1, 2, 3, 4, 6], [5, 1, 2, 3], [3, 0, 1], [2]];
    for await (const { step, outputs, samples, keep } of program.steps({ x }, { timesteps: 5 })) {
      expect(outputs['y']).toEqual(takeRows(x, samples, axis));
      if (step < stay.length) keep(stay[step]!);
      else expect(samples).toEqual([1]);
    }
    program.dispose();
  });
});
