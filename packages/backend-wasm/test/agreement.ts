import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  type AnyOperator,
  createBuilder,
  createRegistry,
  type Graph,
  mapNames,
  type Tensor,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import type { Inputs } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import { expect } from 'vitest';

/** One call of an operator. */
export interface Call {
  readonly op: AnyOperator;
  readonly inputs: Readonly<Record<string, Tensor | undefined>>;
  readonly attributes?: unknown;
}

export const registry = createRegistry([neurons, training]);
const backend = wasmBackend();

/** A graph of one node with all its outputs. */
export function graphOf({ op, inputs, attributes }: Call): {
  readonly graph: Graph;
  readonly inputs: Inputs;
} {
  const builder = createBuilder({ name: op.id });
  const given: Record<string, Tensor> = {};
  const values = mapNames(inputs, (one) => {
    const name = `input_${Object.keys(given).length}`;
    given[name] = one;
    return builder.input(name, one.shape, { dtype: one.dtype });
  });
  for (const [name, value] of Object.entries(builder.apply(op, values, attributes, 'op')))
    builder.output(name, value);
  return { graph: builder.build(), inputs: given };
}

/** Runs a call by the kernel of the wasm backend, which must have one. */
export async function compute(call: Call): Promise<Readonly<Record<string, Tensor>>> {
  const { graph, inputs } = graphOf(call);
  const program = await backend.compile(graph, { registry });
  expect(program.operators.get(call.op.id), `kernel of ${call.op.id}`).toBe(1);
  const outputs = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  return outputs;
}

/** Compares `compute` with the lowering on the reference. */
export async function expectAgreement(call: Call, tolerance = 1e-5): Promise<void> {
  const { graph, inputs } = graphOf(call);
  const actual = await compute(call);
  const reference = await cpuBackend().compile(graph, { registry, kernels: 'primitives' });
  const expected = await reference.run(inputs, { timesteps: 1 });
  const shapes = Object.values(call.inputs).map((one) => (one ? `[${one.shape.join()}]` : 'none'));
  for (const [name, tensor] of Object.entries(expected)) {
    const what = `${name} of ${shapes.join(' ')} with ${JSON.stringify(call.attributes)}`;
    expectClose(what, actual[name]!, tensor, { absolute: tolerance, relative: tolerance });
  }
}
