import { createRandom, primitives, tensor } from '@spikeloom/ir';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { expect, test } from 'vitest';
import { numbers } from '../../../backend-cpu/test/random-data.ts';
import { expectAgreement, graphOf, registry } from '../agreement.ts';

const { mean, sum } = primitives;

test('sums and means over any axes agree with the reference', async () => {
  const random = createRandom(91);
  const shape = [5, 3, 7, 2, 6];
  const x = numbers(random, shape);
  for (let bits = 0; bits < 2 ** shape.length; bits++) {
    const axes = [...shape.keys()].filter((axis) => bits & (1 << axis));
    for (const op of [sum, mean]) {
      await expectAgreement({ op, inputs: { x }, attributes: { axes, keepDims: bits % 2 === 0 } });
    }
  }
});

test.each([
  { shape: [1_000_000], axes: [0] },
  { shape: [100_000, 10], axes: [0] },
])('a sum over axes $axes of $shape stays accurate', async ({ shape, axes }) => {
  const tenth = Math.fround(0.1);
  const data = new Float32Array(1_000_000).fill(tenth);
  const { graph, inputs } = graphOf({
    op: sum,
    inputs: { x: tensor(data, shape) },
    attributes: { axes },
  });
  const program = await wasmBackend().compile(graph, { registry });
  const { out } = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  const expected = tenth * shape[0]!;
  for (const got of out!.data) expect(got / expected).toBeCloseTo(1, 5);
});
