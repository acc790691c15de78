import { createBuilder, defineOp, lowerAlone, realType, softmax, statesOf } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const average = defineOp({
  id: 'test/average',
  version: 1,
  summary: 'The mean over time.',
  inputs: { x: { dtype: 'float32' } },
  attributes: {},
  outputs: ({ x }) => ({ out: realType(x.shape) }),
  lower(b, { x }) {
    const sum = b.state('sum', { like: x });
    const count = b.scope('clock').state('count', { like: [], initial: 1 });
    const next = b.add(sum, x);
    b.write(sum, next);
    b.write(count, b.add(count, 1));
    return { out: b.div(next, count) };
  },
  examples: [],
});

const twice = defineOp({
  id: 'test/twice',
  version: 1,
  summary: 'Two averages.',
  inputs: { x: { dtype: 'float32' } },
  attributes: {},
  outputs: ({ x }) => ({ out: realType(x.shape) }),
  lower: (b, { x }) => ({
    out: b.apply(average, { x: b.apply(average, { x }, {}, 'first').out }, {}, 'second').out,
  }),
  examples: [],
});

describe('statesOf', () => {
  test('finds every state of a lowering by its path below the node', () => {
    expect(statesOf(average, { x: realType(['N', 2]) }, {})).toEqual([
      { name: 'sum', type: realType(['N', 2]), initial: 0 },
      { name: 'clock.count', type: realType([]), initial: 1 },
    ]);
  });

  test('finds states of operators inside operators', () => {
    expect(statesOf(twice, { x: realType([3]) }, {}).map(({ name }) => name)).toEqual([
      'first.sum',
      'first.clock.count',
      'second.sum',
      'second.clock.count',
    ]);
  });

  test('finds none in an operator without time', () => {
    expect(statesOf(softmax, { x: realType([3]) }, { axis: 0 })).toEqual([]);
  });
});

describe('lowerAlone', () => {
  test('gives primitives only, the node being called op', () => {
    const nodes = lowerAlone(twice, { x: realType([3]) }, {});
    expect(nodes.every(({ op }) => op.startsWith('spikeloom/'))).toBe(true);
    expect(nodes.slice(1).every(({ id }) => id.startsWith('op.'))).toBe(true);
  });

  test('keeps dtype and signal of the inputs', () => {
    const type = createBuilder().input('s', ['N'], { signal: { kind: 'spike' } }).type;
    const [input] = lowerAlone(average, { x: type }, {});
    expect(input!.outputs['out']).toEqual(type);
  });
});
