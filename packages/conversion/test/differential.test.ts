import { conversion, differentialMatmul } from '@spikeloom/conversion';
import {
  type AnyOperator,
  createBuilder,
  createRegistry,
  gelu,
  type Graph,
  layerNorm,
  softmax,
  type Tensor,
} from '@spikeloom/ir';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden, stepsOf } from './golden.ts';

const golden = openGolden('differential');
const registry = createRegistry([conversion]);
const tolerance = { absolute: 2e-5 };

/** The form of an operator for a coding, as the plugin has it. */
function formOf(op: AnyOperator, coding: 'differential' | 'sum'): AnyOperator {
  return conversion.compensations!.find(({ of }) => of.id === op.id)![coding]!;
}

/** What the reference feeds after its pass with zero input, which ours need not run: constants come once. */
function changes(name: string): Tensor[] {
  const [bias, first, ...later] = stepsOf(golden.tensor(name));
  const rest = later.map((step) => ({
    ...step,
    data: (step.data as Float32Array).map((value, index) => value - bias!.data[index]!),
  }));
  return [first!, ...rest];
}

function alone(op: AnyOperator, inputs: Record<string, Tensor>, attributes: object): Graph {
  const b = createBuilder();
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [
      name,
      ['weight', 'bias'].includes(name)
        ? b.param(name, tensor.shape, { tensor })
        : b.input(name, tensor.shape),
    ]),
  );
  b.output('out', b.apply(op, values, attributes, 'op')['out']!);
  return b.build();
}

const functions = [
  [
    'layernorm',
    layerNorm,
    { epsilon: 1e-6 },
    { weight: golden.tensor('layernorm.weight'), bias: golden.tensor('layernorm.bias') },
  ],
  ['gelu', gelu, {}, {}],
  ['softmax', softmax, { axis: -1 }, {}],
] as const;

describe.each(backends)('differential coding on %s', (_, backend) => {
  test.each(functions)(
    '%s agrees with the reference code',
    async (name, op, attributes, weights) => {
      const x = changes(`${name}.input`);
      const graph = alone(formOf(op, 'differential'), { x: x[0]!, ...weights }, attributes);
      const program = await backend.compile(graph, { registry });
      const { out } = await program.run({ x }, { timesteps: x.length });
      const [, ...wanted] = stepsOf(golden.tensor(`${name}.output`));
      stepsOf(out!).forEach((step, index) =>
        expectClose(`step ${index}`, step, wanted[index]!, tolerance),
      );
    },
  );

  test('the product agrees with the reference code', async () => {
    const [a, b] = ['matmul.a', 'matmul.b'].map((name) =>
      stepsOf(golden.tensor(name)).slice(1),
    ) as [Tensor[], Tensor[]];
    const program = await backend.compile(alone(differentialMatmul, { a: a[0]!, b: b[0]! }, {}), {
      registry,
    });
    const { out } = await program.run({ a, b }, { timesteps: a.length });
    const [, ...wanted] = stepsOf(golden.tensor('matmul.output'));
    stepsOf(out!).forEach((step, index) =>
      expectClose(`step ${index}`, step, wanted[index]!, tolerance),
    );
  });

  test.each(functions)(
    'the sum of what leaves %s in sum coding is the function of the sum',
    async (name, op, attributes, weights) => {
      const x = changes(`${name}.input`);
      const total = x.reduce(
        (sum, { data }) => sum.map((value, i) => value + data[i]!),
        [...x[0]!.data.map(() => 0)],
      );
      const whole: Tensor = { ...x[0]!, data: Float32Array.from(total) };
      const [exact, summed] = await Promise.all(
        [
          { op, steps: [whole] },
          { op: formOf(op, 'sum'), steps: x },
        ].map(async ({ op: one, steps }) => {
          const graph = alone(one, { x: whole, ...weights }, attributes);
          const program = await backend.compile(graph, { registry });
          return (await program.run({ x: steps }, { timesteps: steps.length }))['out']!;
        }),
      );
      const sum = stepsOf(summed!).reduce(
        (before, { data }) => before.map((value, i) => value + data[i]!),
        [...whole.data.map(() => 0)],
      );
      sum.forEach((value, i) => expect(Math.abs(value - exact!.data[i]!)).toBeLessThan(2e-5));
    },
  );
});
