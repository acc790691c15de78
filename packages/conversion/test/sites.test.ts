import { analyse, findSites } from '@spikeloom/conversion';
import { createBuilder, gelu, type Graph, relu, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { dense, perceptron } from './perceptron.ts';
import { registry, sites as recorded, sourceFor, trained } from './tiny-vit.ts';

const sitesOf = (graph: Graph) => findSites(analyse(graph, registry));

test('a ViT has the sites of the reference', () => {
  const found = sitesOf(trained()).map(({ source }) => source);
  expect(found.toSorted()).toEqual(recorded.map(sourceFor).toSorted());
});

test('the first and the last layer of a perceptron have none', () => {
  expect(sitesOf(perceptron())).toEqual([
    { source: 'act1', neuron: 'act1.neuron', role: 'fc2', consumers: ['second'] },
  ]);
});

describe('a layer', () => {
  test('between others without an activation beside it is called linear', () => {
    const b = createBuilder();
    let x = dense(b, 'first', b.input('x', ['N', 4]), 4, 1);
    x = b.add(dense(b, 'middle', b.neg(x, 'turned'), 4, 2), x);
    b.output('logits', dense(b, 'last', x, 2, 3));
    expect(sitesOf(b.build())).toMatchObject([{ source: 'turned', role: 'linear' }]);
  });

  test('before an activation is called fc1 and after it fc2', () => {
    const b = createBuilder();
    const x = dense(b, 'first', b.input('x', ['N', 4]), 4, 1);
    const hidden = b.apply(gelu, { x: dense(b, 'up', b.neg(x, 'turned'), 8, 2) }, {}, 'act').out;
    b.output('logits', dense(b, 'last', dense(b, 'down', hidden, 4, 3), 2, 4));
    expect(sitesOf(b.build())).toMatchObject([
      { source: 'turned', role: 'fc1', consumers: ['up'] },
      { source: 'act', role: 'fc2', consumers: ['down'] },
    ]);
  });

  test('that is a convolution is a site like any other', () => {
    const b = createBuilder();
    const kernel = (name: string) =>
      b.param(name, [2, 2, 3, 3], { tensor: tensor(new Float32Array(36), [2, 2, 3, 3]) });
    const image = b.input('image', ['N', 2, 9, 9]);
    const first = b.conv2d({ x: image, weight: kernel('a') }, {}, 'first');
    const active = b.apply(relu, { x: first }, {}, 'act').out;
    const second = b.conv2d({ x: active, weight: kernel('b') }, {}, 'second');
    const flat = b.reshape(second, ['N', 2 * 5 * 5]);
    b.output('logits', dense(b, 'last', flat, 3, 1));
    expect(sitesOf(b.build())).toMatchObject([{ source: 'act', consumers: ['second'] }]);
  });
});

test('a matrix product of two activations outside attention has two product sites', () => {
  const b = createBuilder();
  const x = dense(b, 'first', b.input('x', ['N', 3, 4]), 4, 1);
  const gram = b.matmul(x, b.neg(x, 'other'), { transposeB: true }, 'gram');
  b.output('logits', dense(b, 'last', gram, 2, 2));
  expect(sitesOf(b.build())).toMatchObject([
    { source: 'first', role: 'product' },
    { source: 'other', role: 'product' },
  ]);
});
