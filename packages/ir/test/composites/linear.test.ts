import { linear, realType, type Shape, tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';
import { compute } from './compute.ts';

describe('linear', () => {
  const layer = (x: Shape, weight: Shape, bias?: Shape): Shape =>
    inferOne(linear, {
      x: realType(x),
      weight: realType(weight),
      bias: bias ? realType(bias) : undefined,
    })['out']!.shape;

  test.each<[Shape, Shape, Shape | undefined, Shape]>([
    [['N', 50, 96], [384, 96], [384], ['N', 50, 384]],
    [['N', 96], [10, 96], undefined, ['N', 10]],
    [[4], [3, 4], [3], [3]],
  ])('of %j with weights %j and bias %j makes %j', (x, weight, bias, out) => {
    expect(layer(x, weight, bias)).toEqual(out);
  });

  test('sums weighted inputs for each row of the weights, plus the bias', async () => {
    const weight = tensor([1, 2, 3, 0, -1, 1], [2, 3]);
    const x = tensor([1, 1, 1, 2, 0, 5], [2, 3]);
    expect(await compute(linear, { x, weight })).toEqual([6, 0, 17, 5]);
    expect(await compute(linear, { x, weight, bias: tensor([10, 100]) })).toEqual([
      16, 100, 27, 105,
    ]);
    expect(await compute(linear, { x: tensor([1, 1, 1]), weight })).toEqual([6, 0]);
  });

  test.each<[string, Shape, Shape, Shape | undefined]>([
    ['weights that are turned', [2, 4], [4, 3], undefined],
    ['weights with a third axis', [2, 4], [3, 4, 1], undefined],
    ['a scalar', [], [3, 4], undefined],
    ['a bias as long as the input', [2, 4], [3, 4], [4]],
    ['a bias with two axes', [2, 4], [3, 4], [1, 3]],
  ])('refuses %s', (_, x, weight, bias) => {
    expect(thrownBy(() => layer(x, weight, bias))).toMatchObject({
      code: 'shape-mismatch',
      path: 'op',
    });
  });
});
