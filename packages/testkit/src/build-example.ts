import {
  type AnyOperator,
  createBuilder,
  createRandom,
  type ExampleInput,
  type Graph,
  mapNames,
  type Tensor,
} from '@spikeloom/ir';
import { exampleTensor } from './example-tensor.ts';

/** A graph of the one node `op`, with random data for every timestep. */
export function buildExample(
  op: AnyOperator,
  example: AnyOperator['examples'][number],
): { graph: Graph; inputs: Record<string, Tensor[]> } {
  const random = createRandom(20261122);
  const builder = createBuilder({ name: 'example' });
  const inputs: Record<string, Tensor[]> = {};
  const values = Object.fromEntries(
    Object.entries(example.inputs).map(([name, given]) => {
      const { dtype } = op.inputs[name]!;
      const declare = (input: ExampleInput, label: string) => {
        const type = dtype === 'any' ? 'float32' : dtype;
        inputs[label] = Array.from({ length: example.timesteps ?? 1 }, () =>
          exampleTensor(input, type, random),
        );
        return builder.input(label, input.shape, { dtype: type });
      };
      let index = 0;
      return [name, mapNames({ given }, (input) => declare(input, `${name}_${index++}`))['given']];
    }),
  );
  const outputs = builder.apply(op, values, example.attributes, 'op');
  for (const [name, value] of Object.entries(outputs)) builder.output(name, value);
  return { graph: builder.build(), inputs };
}
