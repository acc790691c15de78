import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { createRandom, createRegistry, layerOperators } from '@spikeloom/ir';
import { expectClose, toleranceFor } from '@spikeloom/testkit';
import { describe, test } from 'vitest';
import { computing, randomCall } from '../../backend-cpu/test/random-calls.ts';

const registry = createRegistry();

describe('an operator on wasm computes what the reference computes', () => {
  test.each([...computing, ...layerOperators].map((op) => ({ id: op.id, op })))(
    '$id',
    async ({ op }) => {
      const random = createRandom(31);
      for (let call = 0; call < 25; call++) {
        const { graph, inputs } = randomCall(op, random);
        const [reference, program] = await Promise.all(
          [cpuBackend(), wasmBackend()].map((backend) => backend.compile(graph, { registry })),
        );
        const { out: expected } = await reference!.run(inputs, { timesteps: 1 });
        const { out } = await program!.run(inputs, { timesteps: 1 });
        program!.dispose();
        const what = `${op.id} of ${JSON.stringify(inputs)} with ${JSON.stringify(graph.nodes.at(-1)!.attributes)}`;
        expectClose(what, out!, expected!, toleranceFor(program!.outputs.get('out')!, 1e-5));
      }
    },
  );
});
