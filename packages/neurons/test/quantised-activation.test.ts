import {
  type AnyOperator,
  createBuilder,
  createRegistry,
  realType,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { clip, neurons, qcfs } from '@spikeloom/neurons';
import type { Backend } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { largestDifference, openGolden } from './golden.ts';

async function compute(
  backend: Backend,
  op: AnyOperator,
  given: { readonly x: Tensor; readonly threshold: Tensor },
  attributes: object = {},
): Promise<Tensor> {
  const b = createBuilder();
  const [x, threshold] = [b.input('x', given.x.shape), b.input('threshold', given.threshold.shape)];
  b.output('y', b.apply(op, { x, threshold }, attributes)['out']!);
  const program = await backend.compile(b.build(), { registry: createRegistry([neurons]) });
  const { y } = await program.run(given, { timesteps: 1 });
  program.dispose();
  return y!;
}

describe.each(backends)('activations with a learnt threshold on %s', (_, backend) => {
  test.each(['qcfs_a', 'qcfs_b', 'qcfs_c'])(
    'QCFS is that of the reference code, %s',
    async (name) => {
      const golden = openGolden(name);
      const given = { x: golden.tensor('x'), threshold: golden.tensor('vthr') };
      const levels = Number(golden.params['L']);
      const y = await compute(backend, qcfs, given, { levels });
      expect(y.shape).toEqual([1, ...given.x.shape]);
      // The edges between levels are among the data; one on the wrong side would be a whole level away.
      const tolerance = 1e-6 * Number(golden.params['vthr']);
      expect(largestDifference(y.data, golden.tensor('y').data)).toBeLessThan(tolerance);
    },
  );

  test('clip is that of the reference code', async () => {
    const golden = openGolden('clip_base');
    const given = { x: golden.tensor('x'), threshold: golden.tensor('vthr') };
    const y = await compute(backend, clip, given);
    expect(largestDifference(y.data, golden.tensor('clip_y').data)).toBeLessThan(1e-6);
  });

  test('QCFS has its steps half way between the levels', async () => {
    const x = tensor([-3, 0, 0.49, 0.5, 1.49, 1.5, 3.49, 3.5, 4, 100]);
    const y = await compute(backend, qcfs, { x, threshold: tensor([4], []) }, { levels: 4 });
    expect([...y.data]).toEqual([0, 0, 0, 1, 1, 2, 3, 4, 4, 4]);
  });

  test('clip is a ReLU up to its threshold', async () => {
    const x = tensor([-3, 0, 0.5, 1.75, 2, 2.5, 100]);
    const y = await compute(backend, clip, { x, threshold: tensor([2]) });
    expect([...y.data]).toEqual([0, 0, 0.5, 1.75, 2, 2, 2]);
  });
});

describe.each([qcfs, clip].map((op: AnyOperator) => ({ id: op.id, op })))('$id', ({ op }) => {
  const apply = (thresholds: number[]) => {
    const b = createBuilder();
    const given = { x: b.input('x', ['N', 3]), threshold: b.input('threshold', thresholds) };
    return b.apply(op, given, {}, 'act')['out']!.type;
  };

  test('keeps the shape of its input, whatever the shape of its one threshold', () => {
    expect(apply([])).toEqual(realType(['N', 3]));
    expect(apply([1])).toEqual(realType(['N', 3]));
  });

  test.each([[[3]], [[1, 1]], [[0]]])('refuses thresholds of shape %j', (shape) => {
    expect(() => apply(shape)).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'act', expected: '[] or [1]' }),
    );
  });
});

test('QCFS has at least one level', () => {
  const b = createBuilder();
  expect(() => b.apply(qcfs, { x: b.input('x', [3]), threshold: 1 }, { levels: 0 }, 'act')).toThrow(
    expect.objectContaining({ code: 'invalid-attribute', path: 'act' }),
  );
});
