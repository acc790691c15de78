import {
  batchNorm,
  batchNormFolding,
  type Builder,
  createBuilder,
  createRandom,
  createRegistry,
  foldBatchNorm,
  type Graph,
  linear,
  validate,
  type Value,
} from '@spikeloom/ir';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { randomTensor, runGraph } from './run-graph.ts';

const registry = createRegistry();
const random = createRandom(12);

/** A parameter with random numbers. */
function weight(b: Builder, name: string, shape: readonly number[], draw = random.normal): Value {
  return b.param(name, shape, { tensor: randomTensor(shape, draw) });
}

function norm(b: Builder, x: Value, channels: number, name = 'bn', epsilon = 1e-3): Value {
  const inputs = {
    x,
    weight: weight(b, `${name}.weight`, [channels]),
    bias: weight(b, `${name}.bias`, [channels]),
    mean: b.buffer(`${name}.mean`, [channels], {
      tensor: randomTensor([channels], random.normal),
    }),
    variance: b.buffer(`${name}.variance`, [channels], {
      tensor: randomTensor([channels], () => 0.1 + random.uniform()),
    }),
  };
  return b.apply(batchNorm, inputs, { epsilon }, name).out;
}

function convolution(b: Builder, x: Value, withBias: boolean): Value {
  return b.conv2d(
    {
      x,
      weight: weight(b, 'conv.weight', [6, 2, 3, 3]),
      bias: withBias ? weight(b, 'conv.bias', [6]) : undefined,
    },
    { groups: 2, padding: [1, 1, 1, 1] },
    'conv',
  );
}

function dense(b: Builder, x: Value, withBias: boolean): Value {
  const bias = withBias ? weight(b, 'fc.bias', [5]) : undefined;
  return b.apply(linear, { x, weight: weight(b, 'fc.weight', [5, 4]), bias }, {}, 'fc').out;
}

const countNorms = (graph: Graph): number =>
  graph.nodes.filter(({ op }) => op === batchNorm.id).length;

async function expectSame(folded: Graph, graph: Graph): Promise<void> {
  const expected = await runGraph(graph, registry);
  for (const [name, tensor] of Object.entries(await runGraph(folded, registry))) {
    expectClose(name, tensor, expected[name]!, { absolute: 1e-5, relative: 1e-5 });
  }
}

describe.each([true, false])('where the layer has a bias: %s', (withBias) => {
  test('a convolution takes the normalisation up', async () => {
    const builder = createBuilder({ name: 'net' });
    const maps = convolution(builder, builder.input('x', ['N', 4, 5, 5]), withBias);
    builder.output('y', norm(builder, maps, 6));
    const graph = builder.build({ kept: true });
    const folded = foldBatchNorm(graph, registry);
    expect(folded.nodes.map(({ id }) => id)).toEqual([
      'x',
      'conv.weight',
      withBias ? 'conv.bias.folded' : 'conv.bias',
      'conv',
    ]);
    expect(folded.outputs).toEqual({ y: 'conv' });
    expect(folded.metadata).toEqual({ kept: true });
    expect(validate(folded, registry)).toEqual([]);
    await expectSame(folded, graph);
  });

  test('a linear layer takes the normalisation up', async () => {
    const builder = createBuilder();
    builder.output('y', norm(builder, dense(builder, builder.input('x', ['N', 4]), withBias), 5));
    const folded = foldBatchNorm(builder.build(), registry);
    expect(countNorms(folded)).toBe(0);
    await expectSame(folded, builder.build());
  });
});

test('several layers fold, each into its own', async () => {
  const builder = createBuilder();
  const maps = norm(builder, convolution(builder, builder.input('x', ['N', 4, 5, 5]), true), 6);
  const rest = builder.scope('next');
  const second = rest.conv2d({ x: maps, weight: weight(rest, 'w', [3, 6, 1, 1]) }, {}, 'conv');
  builder.output('y', norm(rest, second, 3));
  const folded = batchNormFolding.run(builder.build(), registry);
  expect(countNorms(folded)).toBe(0);
  await expectSame(folded, builder.build());
});

test('folding again changes nothing', () => {
  const builder = createBuilder();
  builder.output('y', norm(builder, dense(builder, builder.input('x', ['N', 4]), true), 5));
  const once = foldBatchNorm(builder.build(), registry);
  expect(foldBatchNorm(once, registry)).toEqual(once);
});

test('a layer that is not trained stays so', () => {
  const builder = createBuilder();
  const x = builder.input('x', ['N', 4]);
  const frozen = builder.param('w', [5, 4], {
    tensor: randomTensor([5, 4], random.normal),
    trainable: false,
  });
  builder.output('y', norm(builder, builder.apply(linear, { x, weight: frozen }, {}, 'fc').out, 5));
  const folded = foldBatchNorm(builder.build(), registry);
  expect(folded.nodes.find(({ id }) => id === 'w')!.attributes['trainable']).toBe(false);
});

test('a bias that another layer shares keeps its numbers there', async () => {
  const builder = createBuilder();
  const x = builder.input('x', ['N', 4]);
  const bias = weight(builder, 'shared', [5]);
  const layer = (name: string): Value =>
    builder.apply(linear, { x, weight: weight(builder, `${name}.w`, [5, 4]), bias }, {}, name).out;
  builder.output('plain', layer('a'));
  builder.output('normal', norm(builder, layer('b'), 5));
  const folded = foldBatchNorm(builder.build(), registry);
  expect(countNorms(folded)).toBe(0);
  await expectSame(folded, builder.build());
});

describe('stays where it is', () => {
  test.each<[string, (b: Builder) => void]>([
    [
      'when the output of the layer is used elsewhere',
      (b) => {
        const fc = dense(b, b.input('x', ['N', 4]), true);
        b.output('y', b.add(norm(b, fc, 5), fc));
      },
    ],
    [
      'when the output of the layer is an output of the graph',
      (b) => {
        const fc = dense(b, b.input('x', ['N', 4]), true);
        b.output('before', fc);
        b.output('y', norm(b, fc, 5));
      },
    ],
    [
      'when two normalisations follow the layer',
      (b) => {
        const fc = dense(b, b.input('x', ['N', 4]), true);
        b.output('y', b.add(norm(b, fc, 5), norm(b, fc, 5, 'other')));
      },
    ],
    [
      'when the weights of the layer are shared',
      (b) => {
        const w = weight(b, 'w', [4, 4]);
        const first = b.apply(linear, { x: b.input('x', ['N', 4]), weight: w }, {}, 'a').out;
        const second = b.apply(linear, { x: first, weight: w }, {}, 'b').out;
        b.output('y', norm(b, second, 4));
      },
    ],
    [
      'when a linear layer puts its outputs on another axis than the normalisation reads',
      (b) => b.output('y', norm(b, dense(b, b.input('x', ['N', 5, 4]), true), 5)),
    ],
    [
      'when something stands between the two',
      (b) => {
        const fc = dense(b, b.input('x', ['N', 4]), true);
        b.output('y', norm(b, b.maximum(fc, 0), 5));
      },
    ],
    ['when no layer comes before it', (b) => b.output('y', norm(b, b.input('x', ['N', 5]), 5))],
    [
      'when the weights of the layer are computed',
      (b) => {
        const w = b.mul(weight(b, 'w', [5, 4]), 2);
        const fc = b.apply(linear, { x: b.input('x', ['N', 4]), weight: w }, {}, 'fc').out;
        b.output('y', norm(b, fc, 5));
      },
    ],
    [
      'when the bias of the layer is computed',
      (b) => {
        const bias = b.mul(weight(b, 'bias', [5]), 2);
        const inputs = { x: b.input('x', ['N', 4]), weight: weight(b, 'w', [5, 4]), bias };
        b.output('y', norm(b, b.apply(linear, inputs, {}, 'fc').out, 5));
      },
    ],
  ])('%s', (_, build) => {
    const builder = createBuilder();
    build(builder);
    const graph = builder.build();
    expect(foldBatchNorm(graph, registry)).toEqual(graph);
  });
});
