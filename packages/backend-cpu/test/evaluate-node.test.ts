import { cpuBackend, evaluateNode } from '@spikeloom/backend-cpu';
import {
  createBuilder,
  createRandom,
  createRegistry,
  isSpikeloomError,
  mapNames,
  softmax,
  type Tensor,
  tensor,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { computing, randomCall } from './random-calls.ts';

const registry = createRegistry();

describe('evaluateNode', () => {
  test.each(computing.map((op) => ({ id: op.id, op })))(
    'computes one $id as a program does',
    async ({ op }) => {
      const random = createRandom(81);
      for (let call = 0; call < 10; call++) {
        const { graph, inputs } = randomCall(op, random);
        const node = graph.nodes.at(-1)!;
        const given = mapNames(node.inputs, (ref): Tensor => inputs[ref]!);
        const { out } = evaluateNode(node, given);
        const program = await cpuBackend().compile(graph, { registry });
        const { out: stacked } = await program.run(inputs, { timesteps: 1 });
        expect({ ...out, shape: [1, ...out!.shape] }).toEqual(stacked);
      }
    },
  );

  test('refuses an operator that is no primitive, naming the node', () => {
    const b = createBuilder();
    b.apply(softmax, { x: b.input('x', [2]) }, { axis: 0 }, 'head');
    const node = b.build().nodes.at(-1)!;
    try {
      evaluateNode(node, { x: tensor([1, 2]) });
      expect.unreachable();
    } catch (error) {
      if (!isSpikeloomError(error)) throw error;
      expect(error).toMatchObject({
        code: 'unsupported-operator',
        path: 'head',
        fix: 'lower the graph first',
      });
    }
  });

  test('does not change its inputs', () => {
    const b = createBuilder();
    b.add(b.input('a', [2]), b.input('b', [2]));
    const inputs = { a: tensor([1, 2]), b: tensor([3, 4]) };
    const { out } = evaluateNode(b.build().nodes.at(-1)!, inputs);
    expect(out).toEqual(tensor([4, 6]));
    expect(inputs).toEqual({ a: tensor([1, 2]), b: tensor([3, 4]) });
  });
});
