import { type Builder, createBuilder, type Tensor, type Value } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import { differentiate } from '@spikeloom/training';
import { registry } from './run-back.ts';

/** A number made of tensors, and its gradients with respect to some of them. */
export async function evaluateTerm(
  backend: Backend,
  given: Readonly<Record<string, Tensor>>,
  wrt: readonly string[],
  build: (b: Builder, values: (name: string) => Value) => Value,
): Promise<{ readonly value: number; readonly gradients: Readonly<Record<string, Tensor>> }> {
  const b = createBuilder();
  const values = new Map(
    Object.entries(given).map(([name, { shape }]) => [name, b.input(name, shape)]),
  );
  const term = build(b, (name) => values.get(name)!);
  const differentiated = differentiate(b.build(), { registry, of: term.ref, wrt });
  const { builder } = differentiated;
  builder.output('value', differentiated.value(term.ref));
  for (const [name, gradient] of differentiated.gradients)
    builder.output(`gradient ${name}`, gradient);
  const program = await backend.compile(builder.build(), { registry });
  const found = await program.run(given, { timesteps: 1 });
  program.dispose();
  const gradients = wrt.map((name) => {
    const { shape, ...rest } = found[`gradient ${name}`]!;
    return [name, { ...rest, shape: shape.slice(1) }] as const;
  });
  return { value: found['value']!.data[0]!, gradients: Object.fromEntries(gradients) };
}
