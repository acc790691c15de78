import { compensate, conversion } from '@spikeloom/conversion';
import * as api from '@spikeloom/conversion';
import {
  type AnyOperator,
  createBuilder,
  createRandom,
  createRegistry,
  definePlugin,
  type Graph,
  primitives,
  tensor,
  type Tensor,
} from '@spikeloom/ir';
import { traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden, stepsOf } from './golden.ts';

const golden = openGolden('ecm_nonlinear');
const registry = createRegistry([conversion]);
// Outputs are differences of t * f(S / t), so their rounding grows with t.
const tolerance = { absolute: 2e-5 };

const layerNormWeights = (): Record<string, Tensor> => ({
  weight: golden.tensor('layernorm.weight'),
  bias: golden.tensor('layernorm.bias'),
});
const functions = [
  ['layernorm', api.compensatedLayerNorm, { epsilon: 1e-6 }, layerNormWeights()],
  ['gelu', api.compensatedGelu, {}, {}],
  ['softmax', api.compensatedSoftmax, { axis: -1 }, {}],
] as const;

describe.each(backends)('expectation compensation on %s', (_, backend) => {
  describe.each(['all', 'primitives'] as const)('kernels: %s', (kernels) => {
    test.each(functions)(
      '%s agrees with the reference code, in outputs and sums',
      async (name, op, attributes, weights) => {
        const inputs = stepsOf(golden.tensor(`${name}.input`));
        const graph = alone(op, inputs[0]!.shape, attributes, weights);
        const program = await backend.compile(graph, { registry, kernels });
        const sums = traces(['op.sum']);
        const { out } = await program.run({ x: inputs }, { timesteps: 8, taps: sums.taps });
        expectClose('output', out!, golden.tensor(`${name}.output`), tolerance);
        expectClose('sum', sums.read().get('op.sum')!, golden.tensor(`${name}.total`), tolerance);
        expectClose('mean', meanOf(out!), golden.tensor(`${name}.f_of_mean`), tolerance);
      },
    );
  });

  test.each([
    ['ReLU', api.compensatedRelu, [2, 5], {}],
    ['GELU', api.compensatedGelu, [2, 5], {}],
    ['tanh', api.compensatedTanh, [2, 5], {}],
    ['sigmoid', api.compensatedSigmoid, [2, 5], {}],
    ['soft-max', api.compensatedSoftmax, [2, 5], { axis: -1 }],
    ['max pooling', api.compensatedMaxPool2d, [1, 2, 4, 4], { kernel: [2, 2], stride: [2, 2] }],
  ] as const)(
    'the mean output of %s is the function of the mean input, after every step',
    async (_name, by, shape, attributes) => {
      const compensation = conversion.compensations!.find((entry) => entry.by === by)!;
      const inputs = randomSteps(6, shape);
      const steady = alone(compensation.of, shape, attributes);
      const plain = await backend.compile(steady, { registry });
      const program = await backend.compile(alone(by, shape, attributes), { registry });
      const { out } = await program.run({ x: inputs }, { timesteps: 6 });
      for (let timesteps = 1; timesteps <= 6; timesteps++) {
        const x = meanOf(stack(inputs.slice(0, timesteps)));
        const wanted = await plain.run({ x }, { timesteps: 1 });
        const seen = stepsOf(out!).slice(0, timesteps);
        expectClose(`${timesteps} steps`, meanOf(stack(seen)), meanOf(wanted['out']!), tolerance);
      }
    },
  );

  test('a constant input gives the plain function at every step', async () => {
    const [x] = randomSteps(1, [3, 4]);
    const plain = await backend.compile(alone(primitives.tanh, [3, 4]), { registry });
    const program = await backend.compile(alone(api.compensatedTanh, [3, 4]), { registry });
    const [wanted] = stepsOf((await plain.run({ x: x! }, { timesteps: 1 }))['out']!);
    const { out } = await program.run({ x: x! }, { timesteps: 5 });
    for (const got of stepsOf(out!)) expectClose('step', got, wanted!, tolerance);
  });
});

test('a function of two varying inputs keeps one sum for each', async () => {
  const by = compensate(primitives.maximum, ['a', 'b'], 'example/compensated-maximum');
  const plugin = definePlugin({ id: 'example/plugin', apiVersion: 1, operators: [by] });
  const builder = createBuilder();
  const [a, b] = [builder.input('a', [4]), builder.input('b', [4])];
  builder.output('out', builder.apply(by, { a, b }, {}, 'op').out);
  const [as, bs] = [randomSteps(5, [4]), randomSteps(5, [4], 9)];
  const program = await backends[0]![1].compile(builder.build(), {
    registry: createRegistry([plugin]),
  });
  const sums = traces(['op.a_sum', 'op.b_sum']);
  const { out } = await program.run({ a: as, b: bs }, { timesteps: 5, taps: sums.taps });
  const [meanA, meanB] = [meanOf(stack(as)), meanOf(stack(bs))];
  const wanted = meanA.data.map((value, index) => Math.max(value, meanB.data[index]!));
  expectClose('mean', meanOf(out!), { ...meanA, data: wanted }, tolerance);
  expect([...sums.read().keys()]).toEqual(['op.a_sum', 'op.b_sum']);
});

/** A graph of one operator with its weights. */
function alone(
  op: AnyOperator,
  shape: readonly number[],
  attributes: object = {},
  weights: Readonly<Record<string, Tensor>> = {},
): Graph {
  const builder = createBuilder();
  const inputs = Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [
      name,
      builder.param(name, weight.shape, { tensor: weight }),
    ]),
  );
  const x = builder.input('x', shape);
  builder.output('out', builder.apply(op, { x, ...inputs }, attributes, 'op')['out']!);
  return builder.build();
}

function randomSteps(timesteps: number, shape: readonly number[], seed = 4): Tensor[] {
  const random = createRandom(seed);
  const size = shape.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: timesteps }, () =>
    tensor(
      Array.from({ length: size }, () => random.normal()),
      shape,
    ),
  );
}

function stack(steps: readonly Tensor[]): Tensor {
  const data = Float32Array.from(steps.flatMap((step) => [...step.data]));
  return { shape: [steps.length, ...steps[0]!.shape], dtype: 'float32', data };
}

/** The mean over the first axis. */
function meanOf(stacked: Tensor): Tensor {
  const steps = stepsOf(stacked);
  const data = steps[0]!.data.map(
    (_, index) => steps.reduce((sum, step) => sum + step.data[index]!, 0) / steps.length,
  );
  return { ...steps[0]!, data };
}
