import { createBuilder, type Graph, temporalBatchNorm, type Tensor, tensor } from '@spikeloom/ir';
import { expectClose } from '@spikeloom/testkit';
import { describe, test } from 'vitest';
import { backends } from './backends.ts';
import { foldedRows, openGolden, reshaped } from './golden.ts';
import { registry, runBack } from './run-back.ts';

const golden = openGolden('tebn');
const timesteps = Number(golden.params['T']);
const samples = Number(golden.params['N']);

/** Temporal batch normalisation of a network that has these statistics. */
function layer(statistics: { readonly mean: Tensor; readonly variance: Tensor }): Graph {
  const b = createBuilder();
  const { mean, variance } = statistics;
  const param = (name: string) => {
    const initial = golden.tensor(name);
    return b.param(name, initial.shape, { tensor: initial });
  };
  const inputs = {
    x: b.input('x', ['N', ...golden.tensor('x').shape.slice(1)]),
    weight: param('gamma'),
    bias: param('beta'),
    mean: b.buffer('mean', mean.shape, { tensor: mean }),
    variance: b.buffer('variance', variance.shape, { tensor: variance }),
    p: param('p'),
  };
  const { out } = b.apply(
    temporalBatchNorm,
    inputs,
    { epsilon: Number(golden.params['eps']) },
    'y',
  );
  b.output('y', out);
  return b.build();
}

/** `[T, N, …]`. */
function byStep(name: string): Tensor {
  const recorded = golden.tensor(name);
  return reshaped(recorded, [timesteps, samples, ...recorded.shape.slice(1)]);
}

describe.each(backends)('TEBN of the reference code on %s', (_, backend) => {
  test.each(['all', 'primitives'] as const)('in training, kernels %s', async (kernels) => {
    const source = layer({ mean: tensor([0, 0]), variance: tensor([1, 1]) });
    const { values, gradients, statistics } = await runBack(source, {
      backend,
      kernels,
      timesteps,
      samples,
      inputs: { x: golden.tensor('x') },
      sequences: ['x'],
      upstream: { y: byStep('grad_y') },
      wrt: ['x', 'p', 'gamma', 'beta'],
    });
    expectClose('y', values['y']!, byStep('y_train'), { absolute: 1e-5 });
    for (const [name, gradient] of Object.entries(gradients))
      expectClose(`grad ${name}`, gradient, golden.tensor(`grad_${name}`), { absolute: 1e-4 });
    const after = { mean: 'running_mean_after', variance: 'running_var_after' } as const;
    for (const [name, recorded] of Object.entries(after))
      expectClose(name, statistics[name]!, golden.tensor(recorded), { absolute: 1e-6 });
  });

  test('at inference, step by step', async () => {
    const source = layer({
      mean: golden.tensor('running_mean_after'),
      variance: golden.tensor('running_var_after'),
    });
    const program = await backend.compile(source, { registry });
    const x = byStep('x');
    const [, ...shape] = x.shape;
    const size = x.data.length / timesteps;
    const steps = Array.from({ length: timesteps }, (__, step) =>
      tensor(Float32Array.from(x.data.slice(step * size, (step + 1) * size)), shape),
    );
    const { y } = await program.run({ x: steps }, { timesteps });
    program.dispose();
    expectClose('y', foldedRows(y!), golden.tensor('y_eval'), { absolute: 1e-5 });
  });
});
