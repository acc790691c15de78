import { createBuilder, graphInputs, primitives, realType, spikeSignal } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { gradedSignal, inferOne } from '../infer-one.ts';
import { thrownBy } from '../thrown-by.ts';

const { buffer, constant, input, param, state, step } = primitives;

describe.each([input, param, buffer, state].map((op) => ({ op })))('$op.id', ({ op }) => {
  test('has the declared shape', () => {
    expect(inferOne(op, {}, { shape: ['N', 3] })).toEqual({ out: realType(['N', 3]) });
  });

  test('has no open sizes', () => {
    expect(thrownBy(() => inferOne(op, {}, { shape: [2, -1] }))).toMatchObject({
      code: 'invalid-attribute',
      path: 'op',
      got: '-1',
    });
  });

  test('must have a shape', () => {
    expect(thrownBy(() => inferOne(op, {}, {})).code).toBe('invalid-attribute');
  });
});

describe('input', () => {
  test.each([{ kind: 'real' } as const, spikeSignal, gradedSignal])(
    'may declare the signal %j',
    (signal) => {
      expect(inferOne(input, {}, { shape: [2], dtype: 'float32', signal })['out']).toEqual({
        shape: [2],
        dtype: 'float32',
        signal,
      });
    },
  );

  test('refuses a signal that does not exist', () => {
    const attributes = { shape: [2], signal: { kind: 'graded', positive: 1 } };
    expect(thrownBy(() => inferOne(input, {}, attributes)).code).toBe('invalid-attribute');
  });

  test('is found by its name, wherever it stands', () => {
    const builder = createBuilder();
    builder.scope('a').input('x', ['N'], { dtype: 'int32' });
    builder.param('w', [2]);
    expect([...graphInputs(builder.build())]).toEqual([
      ['a.x', { ...realType(['N']), dtype: 'int32' }],
    ]);
  });
});

test('a constant is a scalar of its dtype', () => {
  expect(inferOne(constant, {}, { value: 2 })).toEqual({ out: realType([]) });
  expect(inferOne(constant, {}, { value: 2, dtype: 'int32' })['out']!.dtype).toBe('int32');
});

test('the step is a float32 scalar', () => {
  expect(inferOne(step, {})).toEqual({ out: realType([]) });
});

describe('write', () => {
  test('takes what the state holds', () => {
    const builder = createBuilder();
    const x = builder.input('x', ['N', 2]);
    const v = builder.state('v', { like: x });
    builder.write(v, x);
    expect(builder.build().nodes.at(-1)).toMatchObject({ id: 'v.write', outputs: {} });
  });

  test('lets a real state hold spikes, but not a spike state real numbers', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    const spikes = builder.input('spikes', [2], { signal: spikeSignal });
    builder.write(builder.state('any', { like: x }), spikes);
    const last = builder.state('last', { like: x, signal: spikeSignal });
    expect(thrownBy(() => builder.write(last, x))).toMatchObject({
      code: 'shape-mismatch',
      path: 'last.write',
      expected: 'float32 [2] spike',
      got: 'float32 [2]',
    });
  });

  test('refuses another shape', () => {
    const builder = createBuilder();
    const v = builder.state('v', { like: ['N', 2] });
    const error = thrownBy(() => builder.write(v, builder.input('x', ['N', 3])));
    expect(error).toMatchObject({ code: 'shape-mismatch', path: 'v.write' });
  });
});
