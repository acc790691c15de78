import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  type AnyOperator,
  createBuilder,
  createRegistry,
  mapNames,
  type PerName,
  type Tensor,
} from '@spikeloom/ir';

/** The numbers a layer makes of tensors, on the reference backend. */
export async function compute(
  op: AnyOperator,
  given: PerName<Tensor>,
  attributes?: unknown,
): Promise<number[]> {
  const builder = createBuilder();
  const inputs: Record<string, Tensor> = {};
  const values = mapNames(given, (one) => {
    const name = `input_${Object.keys(inputs).length}`;
    inputs[name] = one;
    return builder.input(name, one.shape);
  });
  builder.output('out', builder.apply(op, values, attributes)['out']!);
  const program = await cpuBackend().compile(builder.build(), { registry: createRegistry() });
  const { out } = await program.run(inputs, { timesteps: 1 });
  return [...out!.data];
}

/** Numbers as float32 holds them. */
export function rounded(...numbers: readonly number[]): number[] {
  return numbers.map(Math.fround);
}
