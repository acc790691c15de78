import { createBuilder, tensor, type Tensor } from '@spikeloom/ir';
import { type LoadOptions, loadWeights } from '@spikeloom/models';
import { expect, test } from 'vitest';

/** Two blocks with a 2 x 3 kernel of 1 x 1, a normalisation of two and a linear layer of 2 to 3. */
function graph() {
  const b = createBuilder({ name: 'blocks' });
  for (const index of [0, 1]) {
    b.output(`conv${index}`, b.param(`blocks.${index}.conv.weight`, [2, 3, 1, 2]));
    b.output(`scale${index}`, b.param(`blocks.${index}.norm.weight`, [2]));
    b.output(`shift${index}`, b.param(`blocks.${index}.norm.bias`, [2]));
    b.output(`mean${index}`, b.buffer(`blocks.${index}.norm.running_mean`, [2]));
  }
  b.output('weight', b.param('head.weight', [3, 2]));
  b.output('bias', b.param('head.bias', [3]));
  return b.build();
}

const ids = [
  ...[0, 1].flatMap((index) =>
    ['conv.weight', 'norm.weight', 'norm.bias', 'norm.running_mean'].map(
      (name) => `blocks.${index}.${name}`,
    ),
  ),
  'head.weight',
  'head.bias',
];
const shapes: Readonly<Record<string, readonly number[]>> = {
  'conv.weight': [2, 3, 1, 2],
  'head.weight': [3, 2],
  'head.bias': [3],
};
const shapeOf = (id: string): readonly number[] => shapes[id.replace(/^blocks\.\d\./, '')] ?? [2];
const numbers = (id: string): Tensor => {
  const shape = shapeOf(id);
  const count = shape.reduce((size, dim) => size * dim, 1);
  return tensor(
    Array.from({ length: count }, (_, index) => 100 * ids.indexOf(id) + index),
    shape,
  );
};
const complete = new Map(ids.map((id) => [id, numbers(id)]));

function loaded(rename: (id: string) => string, options: LoadOptions) {
  const stored = new Map([...complete].map(([id, weight]) => [rename(id), weight]));
  return loadWeights(graph(), stored, options).weights;
}

test('a name stands for a module, and a star for one part of a name', () => {
  const rename = (id: string): string =>
    id
      .replace(/blocks\.(\d)\.conv/, 'layer$1.c')
      .replace('.norm.', '.bn.')
      .replace('head', 'top');
  const names = { 'blocks.*.conv': 'layer*.c', 'blocks.*.norm': 'blocks.*.bn', head: 'top' };
  expect(loaded(rename, { names })).toEqual(complete);
});

test('a whole name comes before its module, one block before a star, one table before the next', () => {
  const rename = (id: string): string =>
    id === 'head.bias' ? 'shift' : id.replace('head', 'top').replace('blocks.1.conv', 'last');
  const names = [
    {
      'head.bias': 'shift',
      head: 'top',
      'blocks.*.conv': 'blocks.*.conv',
      'blocks.1.conv': 'last',
    },
    { 'blocks.0.conv.weight': 'nothing', 'head.weight': 'nothing' },
  ];
  expect(loaded(rename, { names })).toEqual(complete);
});

test('a star stands for one part alone', () => {
  const rename = (id: string): string => id.replace('blocks.0.conv', 'first');
  expect(() => loaded(rename, { names: { '*.conv': 'first' } })).toThrow(
    expect.objectContaining({ code: 'checkpoint-mismatch' }),
  );
});

test('Keras has other names for normalisations and its kernels the other way round', () => {
  const kernel = tensor([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11], [1, 2, 3, 2]);
  const stored = new Map<string, Tensor>();
  for (const [id, weight] of complete) {
    const name = id
      .replace('.conv.weight', '.conv/kernel')
      .replace('.norm.weight', '.norm/gamma')
      .replace('.norm.bias', '.norm/beta')
      .replace('.norm.running_mean', '.norm/moving_mean')
      .replace('head.weight', 'dense/kernel')
      .replace('head.bias', 'dense/bias');
    const base = weight.data[0]!;
    if (id.endsWith('conv.weight'))
      stored.set(name, {
        ...kernel,
        data: kernel.data.map((value) => base + value) as Float32Array,
      });
    else if (id === 'head.weight')
      stored.set(
        name,
        tensor(
          [0, 2, 4, 1, 3, 5].map((value) => base + value),
          [2, 3],
        ),
      );
    else stored.set(name, weight);
  }
  const { weights } = loadWeights(graph(), stored, { layout: 'keras', names: { head: 'dense' } });
  expect(weights).toEqual(complete);
});

test('weights with the outputs last are turned round before they are joined', () => {
  const turned = (rows: number[][]): Tensor => tensor(rows.flat(), [rows.length, rows[0]!.length]);
  const stored = new Map(complete);
  stored.delete('head.weight');
  const base = complete.get('head.weight')!.data[0]!;
  stored.set('a', turned([[base], [base + 1]]));
  stored.set(
    'b',
    turned([
      [base + 2, base + 4],
      [base + 3, base + 5],
    ]),
  );
  const options = { names: { 'head.weight': ['a', 'b'] }, transpose: ['head.*'] };
  expect(loadWeights(graph(), stored, options).weights).toEqual(complete);
});
