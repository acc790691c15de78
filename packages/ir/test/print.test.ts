import {
  createBuilder,
  createRegistry,
  drawGraph,
  linear,
  printGraph,
  scopeTree,
  softmax,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

/** A small network with two nested scopes, a state and weights. */
function network() {
  const builder = createBuilder({ name: 'net' });
  const x = builder.input('x', ['N', 4]);
  const block = builder.scope('blocks').scope('0');
  const { out } = block.apply(linear, { x, weight: block.param('fc.weight', [3, 4]) }, {}, 'fc');
  const neuron = block.scope('neuron');
  const v = neuron.state('v', { like: out });
  const charged = neuron.add(v, out, 'charged');
  const spikes = neuron.spike(neuron.sub(charged, 1), { kind: 'atan', alpha: 2 }, '>', 'spikes');
  neuron.write(v, neuron.mul(charged, neuron.sub(1, spikes)));
  const logits = builder.apply(softmax, { x: spikes }, { axis: -1 }, 'head').out;
  builder.output('logits', logits);
  builder.output('spikes', spikes);
  return builder.build();
}

describe('printGraph', () => {
  test('gives a line per node, scopes indented, without weights, constants and writes', () => {
    expect(printGraph(network())).toMatchInlineSnapshot(`
      "graph net
      x: input() -> float32 [N, 4]
      blocks
        0
          fc: linear(x, blocks.0.fc.weight) -> float32 [N, 3]
          neuron
            v: state() -> float32 [N, 3]
            charged: add(blocks.0.neuron.v, blocks.0.fc) -> float32 [N, 3]
            sub: sub(blocks.0.neuron.charged, blocks.0.neuron.constant) -> float32 [N, 3]
            spikes: spike(blocks.0.neuron.sub) -> float32 [N, 3] spike
            sub_2: sub(blocks.0.neuron.constant, blocks.0.neuron.spikes) -> float32 [N, 3]
            mul: mul(blocks.0.neuron.charged, blocks.0.neuron.sub_2) -> float32 [N, 3]
      head: softmax(blocks.0.neuron.spikes) -> float32 [N, 3]
      -> logits = head
      -> spikes = blocks.0.neuron.spikes"
    `);
  });

  test('opens no more scopes than it is told', () => {
    expect(printGraph(network(), { depth: 1 })).toMatchInlineSnapshot(`
      "graph net
      x: input() -> float32 [N, 4]
      blocks
        0 (7 nodes)
      head: softmax(blocks.0.neuron.spikes) -> float32 [N, 3]
      -> logits = head
      -> spikes = blocks.0.neuron.spikes"
    `);
    expect(printGraph(network(), { depth: 0 })).toMatchInlineSnapshot(`
      "graph net
      x: input() -> float32 [N, 4]
      blocks (7 nodes)
      head: softmax(blocks.0.neuron.spikes) -> float32 [N, 3]
      -> logits = head
      -> spikes = blocks.0.neuron.spikes"
    `);
  });

  test('prints attributes that differ from their default when it knows the operators', () => {
    expect(printGraph(network(), { registry: createRegistry() })).toMatchInlineSnapshot(`
      "graph net
      x: input(shape=["N",4]) -> float32 [N, 4]
      blocks
        0
          fc: linear(x, blocks.0.fc.weight) -> float32 [N, 3]
          neuron
            v: state(shape=["N",3]) -> float32 [N, 3]
            charged: add(blocks.0.neuron.v, blocks.0.fc) -> float32 [N, 3]
            sub: sub(blocks.0.neuron.charged, blocks.0.neuron.constant) -> float32 [N, 3]
            spikes: spike(blocks.0.neuron.sub, comparison=">") -> float32 [N, 3] spike
            sub_2: sub(blocks.0.neuron.constant, blocks.0.neuron.spikes) -> float32 [N, 3]
            mul: mul(blocks.0.neuron.charged, blocks.0.neuron.sub_2) -> float32 [N, 3]
      head: softmax(blocks.0.neuron.spikes, axis=-1) -> float32 [N, 3]
      -> logits = head
      -> spikes = blocks.0.neuron.spikes"
    `);
  });
});

describe('drawGraph', () => {
  test('draws scopes as boxes and data flow as arrows', () => {
    expect(drawGraph(network())).toMatchInlineSnapshot(`
      "flowchart TD
          n0["x<br/>input"]
          subgraph n1["blocks"]
            n2["0"]
          end
          n3["head<br/>softmax"]
        n0 --> n2
        n2 --> n3"
    `);
  });

  test('draws what lies deeper as one box', () => {
    expect(drawGraph(network(), { depth: 1 })).toMatchInlineSnapshot(`
      "flowchart TD
          n0["x<br/>input"]
          n1["blocks"]
          n2["head<br/>softmax"]
        n0 --> n1
        n1 --> n2"
    `);
  });
});

describe('scopeTree', () => {
  test('has the nodes as leaves, by the dots of their paths, in the order they run', () => {
    const paths: string[] = [];
    const visit = (tree: ReturnType<typeof scopeTree>): void => {
      if (tree.node) paths.push(tree.path);
      tree.children.forEach(visit);
    };
    visit(scopeTree(network()));
    expect(paths).toEqual([
      'x',
      'blocks.0.fc',
      'blocks.0.neuron.v',
      'blocks.0.neuron.charged',
      'blocks.0.neuron.sub',
      'blocks.0.neuron.spikes',
      'blocks.0.neuron.sub_2',
      'blocks.0.neuron.mul',
      'head',
    ]);
  });

  test('lets a path be a node and a scope at once', () => {
    const builder = createBuilder();
    const x = builder.input('x', [1]);
    builder.neg(x, 'a');
    builder.scope('a').neg(x, 'b');
    const tree = scopeTree(builder.build()).children[1]!;
    expect([tree.node?.op, tree.children[0]?.path]).toEqual(['spikeloom/neg', 'a.b']);
  });
});
