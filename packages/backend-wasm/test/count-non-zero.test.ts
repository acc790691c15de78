import { cpuBackend } from '@spikeloom/backend-cpu';
import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type DType,
  sizeOf,
  stridesOf,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, test } from 'vitest';

const registry = createRegistry();

/** Every choice of axes to keep, in order. */
function subsets(rank: number): number[][] {
  return Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (__, axis) => axis).filter((axis) => bits & (1 << axis)),
  );
}

/** Counts element by element. */
function countOneByOne({ shape, data }: Tensor, keep: readonly number[]): Tensor {
  const kept = keep.map((axis) => shape[axis]!);
  const [strides, keptStrides] = [stridesOf(shape), stridesOf(kept)];
  const counts = new Float32Array(sizeOf(kept));
  data.forEach((value: number, flat: number) => {
    if (value === 0) return;
    let position = 0;
    keep.forEach((axis, index) => {
      position += (Math.floor(flat / strides[axis]!) % shape[axis]!) * keptStrides[index]!;
    });
    counts[position]! += 1;
  });
  return tensor(counts, kept);
}

describe.each([
  ['cpu', cpuBackend()],
  ['tfjs', tfjsBackend('cpu')],
  ['wasm', wasmBackend()],
] as const)('on %s, non-zero elements are counted', (_, backend) => {
  const random = createRandom(51);
  const shapes = [[], [1], [9], [2, 3], [5, 1], [3, 4, 7], [2, 1, 3, 6], [2, 3, 1, 4, 2]];
  const cases = shapes.flatMap((shape) =>
    (['float32', 'int32', 'bool'] as const).map((dtype): { shape: number[]; dtype: DType } => ({
      shape,
      dtype,
    })),
  );

  test.each(cases)('for every choice of axes of $dtype $shape', async ({ shape, dtype }) => {
    // Signed zeros, fractions and powers of two that a byte would not hold.
    const choices =
      dtype === 'bool' ? [0, 1] : [0, 0, -0, 1, -2, 256, dtype === 'int32' ? 3 : 1e-3];
    const data = Array.from(
      { length: sizeOf(shape) },
      () => choices[random.below(choices.length)]!,
    );
    const x = tensor(data, shape, dtype);
    const b = createBuilder();
    b.output('y', b.identity(b.input('x', shape, { dtype }), 'y'));
    const program = await backend.compile(b.build(), { registry });
    for (const keep of subsets(shape.length)) {
      let counted: Tensor | undefined;
      const tap = {
        at: 'y',
        countNonZero: { keep },
        observe: ({ value }: { value: Tensor }): void => {
          counted = value;
        },
      };
      await program.run({ x }, { timesteps: 1, taps: [tap] });
      expect(counted, `keeping [${keep.join()}]`).toEqual(countOneByOne(x, keep));
    }
    program.dispose();
  });
});
