import { createBuilder, type Graph, primitives, type Tensor, type Value } from '@spikeloom/ir';
import { clip, qcfs, trackedRelu } from '@spikeloom/neurons';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { type Golden, oneStep, openGolden } from './golden.ts';
import { type BackResult, runBack } from './run-back.ts';

const kernels = ['all', 'primitives'] as const;
const cases = backends.flatMap(([name, backend]) =>
  kernels.map((which) => ({ name, backend, kernels: which })),
);

describe.each(cases)('on $name, kernels $kernels', ({ backend, kernels: which }) => {
  const run = (golden: Golden, graph: Graph, wrt: readonly string[]): Promise<BackResult> =>
    runBack(graph, {
      backend,
      kernels: which,
      timesteps: 1,
      samples: golden.tensor('x').shape[0]!,
      inputs: Object.fromEntries(wrt.map((name) => [name, golden.tensor(name)])),
      upstream: { act: oneStep(golden.tensor('grad_y')) },
      wrt,
    });

  test.each(['qcfs_a', 'qcfs_b', 'qcfs_c'])('%s', async (name) => {
    const golden = openGolden(name);
    const threshold = golden.number('vthr');
    const levels = Number(golden.params['L']);
    const graph = activation(golden, (b, inputs) => b.apply(qcfs, inputs, { levels }, 'act').out);
    const { values, gradients } = await run(golden, graph, ['x', 'vthr']);
    const y = oneStep(golden.tensor('y'));
    expectClose('y', values['act']!, y, { absolute: 1e-6 * threshold });
    expectClose('grad x', gradients['x']!, golden.tensor('grad_x'), { absolute: 1e-6 });
    const relative = 1e-5;
    const wanted = golden.tensor('grad_vthr');
    expectClose('grad vthr', gradients['vthr']!, wanted, { absolute: 0, relative });
  });

  test('clip_base', async () => {
    const golden = openGolden('clip_base');
    const graph = activation(golden, (b, inputs) => b.apply(clip, inputs, {}, 'act').out);
    const { values, gradients } = await run(golden, graph, ['x', 'vthr']);
    const absolute = 1e-6;
    expectClose('y', values['act']!, oneStep(golden.tensor('clip_y')), { absolute });
    expectClose('grad x', gradients['x']!, golden.tensor('clip_grad_x'), { absolute });
    expectClose('grad vthr', gradients['vthr']!, golden.tensor('clip_grad_vthr'), { absolute });
  });

  test('clip_base: the ReLU with a running maximum, over three batches', async () => {
    const golden = openGolden('clip_base');
    const [batches, rows, width] = golden.tensor('base_x').shape as [number, number, number];
    const part = (name: string, batch: number, size: number): Tensor['data'] =>
      golden.tensor(name).data.slice(batch * size, (batch + 1) * size);
    let threshold = golden.tensor('vthr');
    for (let batch = 0; batch < batches; batch++) {
      const b = createBuilder();
      const inputs = {
        x: b.input('x', ['N', width]),
        threshold: b.buffer('vthr', [1], { tensor: threshold }),
      };
      b.output('out', b.apply(trackedRelu, inputs, {}, 'act').out);
      const x = {
        shape: [rows, width],
        dtype: 'float32' as const,
        data: part('base_x', batch, rows * width),
      };
      const { values, statistics } = await runBack(b.build(), {
        backend,
        kernels: which,
        timesteps: 1,
        samples: rows,
        inputs: { x },
        upstream: { act: { ...x, shape: [1, rows, width] } },
        wrt: ['x'],
      });
      expect(values['act']!.data).toEqual(part('base_y', batch, rows * width));
      threshold = statistics['vthr']!;
      const after = {
        shape: [1],
        dtype: 'float32' as const,
        data: part('base_vthr_after', batch, 1),
      };
      expectClose('threshold', { ...threshold, shape: [1] }, after, { absolute: 1e-6 });
    }
  });

  test.each(['zif_a', 'zif_b'])('%s', async (name) => {
    const golden = openGolden(name);
    const width = Number(golden.params['gamma']);
    const b = createBuilder();
    const x = b.input('x', ['N']);
    const surrogate = { kind: 'triangle', width } as const;
    b.apply(primitives.spike, { x }, { comparison: '>', surrogate }, 'act');
    const { values, gradients } = await run(golden, b.build(), ['x']);
    expect(values['act']!.data).toEqual(golden.tensor('y').data);
    expectClose('grad x', gradients['x']!, golden.tensor('grad_x'), { absolute: 1e-6 });
  });
});

/** One activation with a learnt threshold. */
function activation(
  golden: Golden,
  build: (
    b: ReturnType<typeof createBuilder>,
    inputs: { readonly x: Value; readonly threshold: Value },
  ) => Value,
): Graph {
  const b = createBuilder();
  const x = b.input('x', ['N', ...golden.tensor('x').shape.slice(1)]);
  build(b, { x, threshold: b.input('vthr', [1]) });
  return b.build();
}
