import { evaluateNode } from '@spikeloom/backend-cpu';
import {
  batchNorm,
  createBuilder,
  createRandom,
  createRegistry,
  eliminateDeadCode,
  foldConstants,
  type Graph,
  lowerToPrimitives,
  tensor,
  validate,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { randomTensor, runGraph } from './run-graph.ts';

const registry = createRegistry();
const fold = (graph: Graph): Graph => foldConstants(graph, registry, evaluateNode);
const operators = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

/** `x * exp(a + 2) transposed`, and a state. */
function network(): Graph {
  const random = createRandom(1);
  const builder = createBuilder({ name: 'net' });
  const x = builder.input('x', ['N', 3]);
  const a = builder.param('a', [3, 2], { tensor: randomTensor([3, 2], random.normal) });
  const mean = builder.buffer('mean', [2], { tensor: tensor([0.5, 0.25]) });
  const scale = builder.mul(builder.exp(builder.add(a, 2), 'scale'), mean, 'scaled');
  const v = builder.state('v', { like: ['N', 2] });
  const sum = builder.add(builder.matmul(x, scale), builder.mul(v, 0.5), 'sum');
  builder.write(v, sum);
  builder.output('y', sum);
  return builder.build({ kept: true });
}

describe('foldConstants', () => {
  test('replaces what only sees weights and constants by its result, under the same name', () => {
    const graph = fold(network());
    expect(graph.nodes.find(({ id }) => id === 'scaled')).toMatchObject({
      op: 'spikeloom/param',
      attributes: { shape: [3, 2], trainable: false },
    });
    expect(operators(graph)).not.toContain('spikeloom/exp');
    expect([...graph.weights.keys()]).toEqual(['scaled']);
    expect(validate(graph, registry)).toEqual([]);
    expect(graph.metadata).toEqual({ kept: true });
  });

  test('computes the same numbers', async () => {
    expect(await runGraph(fold(network()), registry, 3)).toEqual(
      await runGraph(network(), registry, 3),
    );
  });

  test('changes nothing the second time', () => {
    const once = fold(network());
    expect(fold(once)).toEqual(once);
  });

  test('folds inside other operators once they are lowered', async () => {
    const random = createRandom(2);
    const builder = createBuilder();
    const vector = (name: string, draw: () => number) =>
      builder.param(name, [4], { tensor: randomTensor([4], draw) });
    const inputs = {
      x: builder.input('x', ['N', 4]),
      weight: vector('weight', random.normal),
      bias: vector('bias', random.normal),
      mean: vector('mean', random.normal),
      variance: vector('variance', () => 0.1 + random.uniform()),
    };
    builder.output('y', builder.apply(batchNorm, inputs, {}, 'norm').out);
    const whole = builder.build();
    expect(operators(fold(whole))).toContain(batchNorm.id);
    const folded = fold(lowerToPrimitives(whole, registry).graph);
    expect(operators(folded).filter((op) => op !== 'spikeloom/param')).toEqual([
      'spikeloom/input',
      'spikeloom/mul',
      'spikeloom/add',
    ]);
    expect(await runGraph(folded, registry)).toEqual(await runGraph(whole, registry));
  });

  test('reaches outputs that depend on weights alone', async () => {
    const builder = createBuilder();
    const w = builder.param('w', [2], { tensor: tensor([1, 4]) });
    builder.output('root', builder.sqrt(w, 'root'));
    const graph = fold(builder.build());
    expect(graph.weights.get('root')).toEqual(tensor([1, 2]));
    expect(graph.outputs).toEqual({ root: 'root' });
  });

  test.each<[string, (graph: ReturnType<typeof createBuilder>) => void]>([
    ['a weight whose tensor is missing', (b) => b.output('y', b.exp(b.param('w', [2]), 'y'))],
    ['the step', (b) => b.output('y', b.exp(b.step(), 'y'))],
    [
      'a state',
      (b) => {
        const v = b.state('v', { like: [2] });
        b.write(v, v);
        b.output('y', b.exp(v, 'y'));
      },
    ],
    [
      'a result of named size',
      (b) =>
        b.output(
          'y',
          b.broadcastTo(b.param('w', [1, 2], { tensor: tensor([1, 2], [1, 2]) }), ['N', 2], 'y'),
        ),
    ],
    [
      'spikes, which a weight could not be declared as',
      (b) => {
        const w = b.param('w', [2], { tensor: tensor([1, -1]) });
        b.output('y', b.spike(w, { kind: 'atan', alpha: 2 }, '>=', 'y'));
      },
    ],
  ])('leaves %s', (_, build) => {
    const builder = createBuilder();
    builder.input('x', ['N']);
    build(builder);
    const graph = builder.build();
    expect(fold(graph)).toEqual(eliminateDeadCode(graph));
  });
});
