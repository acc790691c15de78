import { cpuBackend } from '@spikeloom/backend-cpu';
import { convertEcmt, expandParallel } from '@spikeloom/conversion';
import { createBuilder, type Graph, printGraph, relu, tensor } from '@spikeloom/ir';
import { multiThreshold } from '@spikeloom/neurons';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { stepsOf } from './golden.ts';
import { dense, perceptron, randomInputs } from './perceptron.ts';
import { convertTiny, image, registry } from './tiny-vit.ts';

describe.each(backends)('parallel normalisation on %s', (_, backend) => {
  test('gives the logits of the compact network', async () => {
    const { graph } = await convertTiny(backend);
    const { graph: parallel } = expandParallel(graph, registry);
    const [compact, expanded] = await Promise.all(
      [graph, parallel].map(async (network) => {
        const program = await backend.compile(network, { registry });
        return stepsOf((await program.run({ image }, { timesteps: 4 }))['logits']!);
      }),
    );
    compact!.forEach((wanted, step) => {
      expectClose(`step ${step + 1}`, expanded![step]!, wanted, { absolute: 1e-4 });
    });
  });
});

describe('expanding', () => {
  test('covers every neuron before a linear layer, and says why the others stay compact', async () => {
    const { graph } = await convertTiny(cpuBackend());
    const { expanded, compact } = expandParallel(graph, registry);
    const block = (names: readonly string[]): string[] =>
      ['blocks.0', 'blocks.1'].flatMap((scope) => names.map((name) => `${scope}.${name}.neuron`));
    expect(expanded.toSorted()).toEqual(
      block(['norm1', 'attn.merged', 'norm2', 'mlp.act']).toSorted(),
    );
    expect(compact.map(({ path }) => path).toSorted()).toEqual(
      block(['attn.q', 'attn.k', 'attn.v', 'attn.softmax']).toSorted(),
    );
    expect(compact[0]).toEqual({
      path: 'blocks.0.attn.q.neuron',
      reason:
        'blocks.0.attn.scores (spikeloom.conversion/compensated-matmul) is not a linear layer with weights to scale',
    });
  });

  test('gives the next layer one scaled copy of its weights for every threshold', () => {
    const { graph } = expandParallel(levelsGraph(), registry);
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "graph levels
      x: input() -> float32 [N, 2]
      cell: spikeloom.neurons/parallel-thresholds(x) -> spikes: float32 [N, 8] spike
      last: linear(cell, last.parallel_weight, last.bias) -> float32 [N, 2]
      -> out = last"
    `);
    expect(graph.weights.get('last.parallel_weight')).toEqual(
      tensor(
        // Of the rows [1, 2] and [3, 4], times +1, -0.5, +0.5, -0.25.
        [1, 2, -0.5, -1, 0.5, 1, -0.25, -0.5, 3, 4, -1.5, -2, 1.5, 2, -0.75, -1],
        [2, 8],
      ),
    );
    expect(graph.weights.has('last.weight')).toBe(false);
  });

  test('a neuron that feeds two layers scales the weights of both', async () => {
    const graph = await forked();
    const { expanded, graph: parallel } = expandParallel(graph, registry);
    expect(expanded).toEqual(['act.neuron']);
    expect([...parallel.weights.keys()].filter((name) => name.includes('parallel'))).toEqual([
      'left.parallel_weight',
      'right.parallel_weight',
    ]);
  });

  test('leaves a neuron alone whose spikes are an output of the network', () => {
    const graph = levelsGraph();
    const tapped: Graph = { ...graph, outputs: { ...graph.outputs, spikes: 'cell' } };
    const { expanded, compact, graph: parallel } = expandParallel(tapped, registry);
    expect(expanded).toEqual([]);
    expect(compact).toEqual([{ path: 'cell', reason: 'its spikes are an output of the network' }]);
    expect(parallel.nodes).toEqual(tapped.nodes);
  });

  test('a network without neurons changes nothing', () => {
    const graph = perceptron();
    const { graph: same, expanded, compact } = expandParallel(graph, registry);
    expect([expanded, compact]).toEqual([[], []]);
    expect(same.nodes).toEqual(graph.nodes);
  });
});

/** One neuron of two levels before one layer. */
function levelsGraph(): Graph {
  const b = createBuilder({ name: 'levels' });
  const levels = { positive: 0.5, negative: 0.25, levels: 2 };
  const { spikes } = b.apply(multiThreshold, { current: b.input('x', ['N', 2]) }, levels, 'cell');
  const out = dense(b, 'last', spikes, 2, 1);
  b.output('out', out);
  const graph = b.build();
  return {
    ...graph,
    weights: new Map(graph.weights).set('last.weight', tensor([1, 2, 3, 4], [2, 2])),
  };
}

async function forked(): Promise<Graph> {
  const b = createBuilder({ name: 'fork' });
  const first = dense(b, 'first', b.input('x', ['N', 4]), 6, 1);
  const hidden = b.apply(relu, { x: first }, {}, 'act').out;
  const joined = b.add(dense(b, 'left', hidden, 3, 2), dense(b, 'right', hidden, 3, 3));
  b.output('logits', dense(b, 'last', b.apply(relu, { x: joined }, {}, 'join').out, 2, 4));
  const data = randomInputs(1);
  return (await convertEcmt(b.build(), { backend: cpuBackend(), registry, data })).graph;
}
