import { cpuBackend } from '@spikeloom/backend-cpu';
import { createRandom, createRegistry, mapNames, type Tensor } from '@spikeloom/ir';
import { expectClose, toleranceFor } from '@spikeloom/testkit';
import { describe, test } from 'vitest';
import { byDefinition } from './by-definition.ts';
import { computing, randomCall } from './random-calls.ts';

const registry = createRegistry();

describe('a primitive computes what its equation says', () => {
  test.each(computing.map((op) => ({ id: op.id, op })))('$id', async ({ op }) => {
    const random = createRandom(71);
    for (let call = 0; call < 60; call++) {
      const { graph, inputs } = randomCall(op, random);
      const program = await cpuBackend().compile(graph, { registry });
      const { out } = await program.run(inputs, { timesteps: 1 });
      const node = graph.nodes.at(-1)!;
      const given = mapNames(node.inputs, (ref): Tensor => inputs[ref]!);
      const type = node.outputs['out']!;
      const shape = type.shape as readonly number[];
      const { data, dtype } = byDefinition(op.id, given, node.attributes, { ...type, shape });
      const what = `${op.id} of ${JSON.stringify(inputs)} with ${JSON.stringify(node.attributes)}`;
      expectClose(what, out!, { shape: [1, ...shape], dtype, data }, toleranceFor(type, 1e-6));
    }
  });
});
