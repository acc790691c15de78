import {
  createBuilder,
  createRegistry,
  defineOp,
  definePlugin,
  realType,
  rewrite,
  softmax,
  tensor,
  validate,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const halves = defineOp({
  id: 'test/halves',
  version: 1,
  summary: 'Two outputs.',
  inputs: { x: { dtype: 'float32' } },
  attributes: {},
  outputs: ({ x }) => ({ left: x, right: realType([1]) }),
  lower: (b, { x }) => ({ left: b.neg(x), right: b.reshape(b.sum(x, [0]), [1]) }),
  examples: [],
});
const plugin = definePlugin({ id: 'test/plugin', apiVersion: 1, operators: [halves] });
const registry = createRegistry([plugin]);

function network() {
  const builder = createBuilder({ name: 'net' });
  const x = builder.input('x', [4]);
  const w = builder.param('w', [4], { tensor: tensor([1, 2, 3, 4]) });
  const v = builder.state('v', { like: x });
  const sum = builder.add(builder.mul(x, w, 'scaled'), v, 'sum');
  builder.write(v, sum);
  const { left, right } = builder.apply(halves, { x: sum }, {}, 'parts');
  builder.output('left', left);
  builder.output('right', right);
  return builder.build({ kept: true });
}

describe('rewrite', () => {
  test('copies a graph when nothing is replaced', () => {
    const graph = network();
    const { graph: copy, aliases } = rewrite(graph, registry);
    expect(copy).toEqual(graph);
    expect(copy).not.toBe(graph);
    for (const [from, to] of aliases) expect(to).toBe(from);
  });

  test('puts what replace answers in place of a node, and tells where values went', () => {
    const { graph, aliases } = rewrite(network(), registry, {
      name: 'other',
      replace: ({ node, inputs, builder }) =>
        node.id === 'scaled'
          ? { out: builder.exp(inputs['a'] as never, 'exponential') }
          : undefined,
    });
    expect(graph.name).toBe('other');
    expect(validate(graph, registry)).toEqual([]);
    expect(graph.nodes.map(({ id }) => id)).toContain('exponential');
    expect(graph.nodes.map(({ id }) => id)).not.toContain('scaled');
    expect(aliases.get('scaled')).toBe('exponential');
  });

  test('follows each output of a node that is lowered', () => {
    const { graph, aliases } = rewrite(network(), registry, { keep: () => false });
    expect(graph.outputs).toEqual({ left: 'parts.neg', right: 'parts.reshape' });
    expect(aliases.get('parts:left')).toBe('parts.neg');
    expect(aliases.get('parts:right')).toBe('parts.reshape');
  });

  test('lets a replacement reach any earlier value', () => {
    const { graph } = rewrite(network(), registry, {
      replace: ({ node, builder, translate }) =>
        node.id === 'sum' ? { out: builder.sub(translate('x'), translate('w'), 'sum') } : undefined,
    });
    expect(graph.nodes.find(({ id }) => id === 'sum')!.inputs).toEqual({ a: 'x', b: 'w' });
  });

  test('shows the operator and the node it is about to copy', () => {
    const seen: string[] = [];
    rewrite(network(), registry, {
      replace: ({ node, op }) => {
        seen.push(`${node.id}: ${op.id === node.op}`);
        return undefined;
      },
    });
    expect(seen).toEqual(network().nodes.map(({ id }) => `${id}: true`));
  });

  test('prefers the tensors it is given, then new ones, then those of the graph', () => {
    const mine = tensor([9, 9, 9, 9]);
    const { graph } = rewrite(network(), registry, { weights: new Map([['w', mine]]) });
    expect(graph.weights.get('w')).toBe(mine);
    const { graph: replaced } = rewrite(network(), registry, {
      replace: ({ node, builder }) =>
        node.id === 'w' ? { out: builder.param('w', [4], { tensor: mine }) } : undefined,
    });
    expect(replaced.weights.get('w')).toBe(mine);
  });

  test('keeps metadata and does not touch the graph it reads', () => {
    const graph = network();
    const before = JSON.stringify(graph.nodes);
    const { graph: copy } = rewrite(graph, registry, { keep: () => false });
    expect(copy.metadata).toEqual({ kept: true });
    expect(JSON.stringify(graph.nodes)).toBe(before);
  });
});

test('lowered nodes do not take the names of nodes that come later', () => {
  const builder = createBuilder();
  const x = builder.input('x', [2, 3]);
  const head = builder.apply(softmax, { x }, { axis: -1 }, 'head').out;
  builder.output('y', builder.scope('head').exp(head));
  const { graph } = rewrite(builder.build(), registry, { keep: () => false });
  expect(graph.outputs).toEqual({ y: 'head.exp' });
  expect(validate(graph, registry)).toEqual([]);
});
