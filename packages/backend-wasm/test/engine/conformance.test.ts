import { attention } from '@spikeloom/attention';
import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { conversion } from '@spikeloom/conversion';
import {
  type AnyOperator,
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  isSpikeloomError,
  type Tensor,
  type Value,
  valueTypes,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { conformanceCases, exampleTensor, expectClose, toleranceFor } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';

const registry = createRegistry([neurons, attention, conversion]);
const operators = [...registry.operators.values()];
/** The first axis of its input counts timesteps, and never samples. */
const overTime = 'spikeloom.attention/spiking-rectify';

describe.each([1, 2])('the engine agrees with the reference, on %i threads', (threads) => {
  const engine = wasmBackend({ engine: 'always', threads });
  for (const { name, run } of conformanceCases(engine, operators, registry)) test(name, run);

  for (const { name, op, example } of examplesOf(operators)) {
    test(`on samples, ${name}`, async () => {
      const inBatch = inBatchOf(op, example);
      if (!inBatch) return;
      const { graph, inputs } = inBatch;
      const timesteps = example.timesteps ?? 1;
      const [actual, expected] = await Promise.all(
        [engine, cpuBackend()].map(async (backend) => {
          const program = await backend.compile(graph, { registry });
          const outputs = await program.run(inputs, { timesteps });
          program.dispose();
          return outputs;
        }),
      );
      const types = valueTypes(graph);
      for (const [output, ref] of Object.entries(graph.outputs)) {
        const tolerance = toleranceFor(types.get(ref)!, example.tolerance ?? 1e-5);
        expectClose(output, actual![output]!, expected![output]!, tolerance);
      }
    });
  }
});

test('examples run by kernels of the engine and by those of operators', async () => {
  const engine = wasmBackend({ engine: 'always', threads: 1 });
  const kernels = new Set<string>();
  for (const { op, example } of examplesOf(operators)) {
    const inBatch = inBatchOf(op, example);
    if (!inBatch) continue;
    const options = { registry, samples: 2, timesteps: 2 };
    const plan = await engine.explain(inBatch.graph, options);
    for (const { kernel } of plan?.stages ?? []) kernels.add(kernel);
  }
  expect([...kernels].toSorted()).toEqual(
    expect.arrayContaining(['fireCurrents', 'fromSpikes', 'operator', 'toCurrents']),
  );
});

interface Example {
  readonly name: string;
  readonly op: AnyOperator;
  readonly example: AnyOperator['examples'][number];
}

function examplesOf(given: readonly AnyOperator[]): Example[] {
  return given.flatMap((op) =>
    op.examples.map((example, index) => ({ name: `${op.id}, example ${index + 1}`, op, example })),
  );
}

/** The first input counts samples and moves, the others are weights; undefined for operators that cannot take it so. */
function inBatchOf(
  op: AnyOperator,
  example: Example['example'],
): { graph: Graph; inputs: Record<string, Tensor[]> } | undefined {
  if (op.id === overTime) return undefined;
  const random = createRandom(5);
  const b = createBuilder();
  const inputs: Record<string, Tensor[]> = {};
  const [moving] = Object.keys(example.inputs);
  try {
    const values: Record<string, Value> = {};
    for (const [name, given] of Object.entries(example.inputs)) {
      if (!given || Array.isArray(given) || !('shape' in given)) return undefined;
      const { dtype } = op.inputs[name]!;
      const give = (): Tensor => exampleTensor(given, dtype === 'any' ? 'float32' : dtype, random);
      if (name === moving) {
        inputs[name] = Array.from({ length: example.timesteps ?? 1 }, give);
        values[name] = b.input(name, ['N', ...given.shape.slice(1)]);
      } else values[name] = b.param(`w.${name}`, given.shape.map(Number), { tensor: give() });
    }
    const outputs = b.apply(op, values, example.attributes, 'op');
    for (const [name, value] of Object.entries(outputs)) b.output(name, value);
    return { graph: b.build(), inputs };
  } catch (error) {
    if (isSpikeloomError(error)) return undefined;
    throw error;
  }
}
