import { type AnyOperator, createBuilder, type Graph } from '@spikeloom/ir';
import { integrateAndFire, lif, triangle } from '@spikeloom/neurons';
import { expectClose } from '@spikeloom/testkit';
import { neuronSequence } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { foldedRows, type Golden, oneStep, openGolden } from './golden.ts';
import { type BackOptions, type BackResult, runBack } from './run-back.ts';

const names = ['lif_ms_a', 'lif_ms_b', 'lif_ms_c'] as const;
const cases = backends.flatMap(([name, backend]) =>
  names.flatMap((file) =>
    (['all', 'primitives'] as const).map((kernels) => ({ name, backend, file, kernels })),
  ),
);

/** The reference multiplies by `tau` after the reset, where 1 means no leak. */
function neuronOf({ params }: Golden): {
  readonly op: AnyOperator;
  readonly attributes: object;
  /** The same as attributes of the operator for all timesteps. */
  readonly sequence: object;
} {
  const kept = Number(params['tau']);
  const firing = {
    threshold: Number(params['vthr']),
    reset: params['reset'] === 'soft' ? null : 0,
    comparison: '>',
    surrogate: triangle(Number(params['gamma'])),
    detachReset: false,
  };
  if (kept === 1)
    return { op: integrateAndFire, attributes: firing, sequence: { ...firing, leak: 'none' } };
  const tau = 1 / (1 - kept);
  return {
    op: lif,
    attributes: { ...firing, tau, leakAfterReset: true },
    sequence: { ...firing, tau, leak: 'after-reset' },
  };
}

describe.each(cases)('$file on $name, kernels $kernels', ({ backend, file, kernels }) => {
  const golden = openGolden(file);
  const [timesteps, samples, ...rest] = golden.tensor('x').shape as [number, number, ...number[]];
  const { op, attributes, sequence } = neuronOf(golden);
  const current = foldedRows(golden.tensor('x'));
  const options = { backend, kernels, inputs: { current }, wrt: ['current'] };

  /** Once with gradients from the spikes alone, once from the potentials, too. */
  const check = async (run: (gradients: readonly string[]) => Promise<BackResult>) => {
    for (const [recorded, sources] of [
      ['grad_x_spikes_only', ['grad_spikes']],
      ['grad_x_spikes_and_mem', ['grad_spikes', 'grad_mem']],
    ] as const) {
      const { values, gradients } = await run(sources);
      const [spikes, potential] = Object.values(values);
      expect(spikes!.data).toEqual(golden.tensor('spikes').data);
      if (potential) {
        const wanted = { ...potential, data: golden.tensor('mem_post').data };
        expectClose('potential', potential, wanted, { absolute: 1e-5 });
      }
      const wanted = foldedRows(golden.tensor(recorded));
      expectClose(recorded, gradients['current']!, wanted, { absolute: 1e-5 });
    }
  };

  test.each([true, false])('the neuron, in its training form: %s', async (fused) => {
    const b = createBuilder();
    b.apply(op, { current: b.input('current', ['N', ...rest]) }, attributes, 'neuron');
    const source: Graph = b.build();
    await check((gradients) => {
      const upstream = Object.fromEntries(
        gradients.map((name) => [
          name === 'grad_mem' ? 'neuron.potential' : 'neuron.spikes',
          golden.tensor(name),
        ]),
      );
      const back: BackOptions = {
        ...options,
        timesteps,
        samples,
        upstream,
        fused,
        sequences: ['current'],
      };
      return runBack(source, back);
    });
  });

  test('the operator for all timesteps at once', async () => {
    const b = createBuilder();
    const rows = { current: b.input('current', current.shape) };
    b.apply(neuronSequence as AnyOperator, rows, { ...sequence, timesteps }, 'neuron');
    const source = b.build();
    await check((gradients) => {
      const upstream = Object.fromEntries(
        gradients.map((name) => [
          name === 'grad_mem' ? 'neuron:potential' : 'neuron:spikes',
          oneStep(foldedRows(golden.tensor(name))),
        ]),
      );
      return runBack(source, { ...options, timesteps: 1, samples: 1, upstream });
    });
  });
});
