import { wasmBackend } from '@spikeloom/backend-wasm';
import { createRandom, type ExampleInput, layerOperators } from '@spikeloom/ir';
import { exampleTensor } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { computing, randomCall } from '../../backend-cpu/test/random-calls.ts';
import { graphOf, registry } from './agreement.ts';

const backend = wasmBackend();

function usage(): object {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return { numTensors, numDataBuffers, numBytes };
}

async function expectNothingLeft(call: ReturnType<typeof graphOf>): Promise<void> {
  (await backend.compile(call.graph, { registry })).dispose();
  const empty = usage();
  const program = await backend.compile(call.graph, { registry });
  const compiled = usage();
  for (let run = 0; run < 3; run++) {
    await program.run(call.inputs, { timesteps: 1 });
    expect(usage()).toEqual(compiled);
  }
  program.dispose();
  expect(usage()).toEqual(empty);
}

describe('a kernel leaves no tensor behind', () => {
  test.each([...computing, ...layerOperators].map((op) => ({ id: op.id, op })))(
    '$id',
    async ({ op }) => {
      const random = createRandom(61);
      for (let call = 0; call < 5; call++) await expectNothingLeft(randomCall(op, random));
    },
  );

  test.each(training.operators!.map((op) => ({ id: op.id, op })))('$id', async ({ op }) => {
    const random = createRandom(62);
    for (const { inputs: given, attributes } of op.examples) {
      const inputs = Object.fromEntries(
        Object.entries(given).map(([name, one]) => [
          name,
          exampleTensor(one as ExampleInput, 'float32', random),
        ]),
      );
      await expectNothingLeft(graphOf({ op, inputs, attributes }));
    }
  });
});
