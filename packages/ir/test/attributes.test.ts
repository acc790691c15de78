import {
  type AttributeSpec,
  bool,
  count,
  createBuilder,
  defineOp,
  integer,
  integers,
  margins,
  nullable,
  oneOf,
  pair,
  positive,
  real,
  realType,
  requiredInteger,
  requiredNonNegative,
  requiredReal,
  shape,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

/** What an attribute schema makes of a value, by calling an operator that has only this attribute. */
function parse(schema: AttributeSpec[string], ...given: readonly unknown[]): unknown {
  const op = defineOp({
    id: 'test/probe',
    version: 1,
    summary: 'Has one attribute.',
    inputs: {},
    attributes: { it: schema } as AttributeSpec,
    outputs: () => ({ out: realType([]) }),
    examples: [],
  });
  const builder = createBuilder();
  builder.apply(op, {}, given.length > 0 ? { it: given[0] } : {}, 'probe');
  return builder.build().nodes[0]!.attributes['it'];
}

const { NaN: notANumber, POSITIVE_INFINITY: infinity, MAX_SAFE_INTEGER: largest } = Number;

const schemas: readonly {
  readonly name: string;
  readonly schema: AttributeSpec[string];
  /** What comes out when nothing is given; missing where something must be given. */
  readonly fallback?: unknown;
  readonly accepts: readonly unknown[];
  readonly rejects: readonly unknown[];
}[] = [
  {
    name: 'real',
    schema: real(0.5),
    fallback: 0.5,
    accepts: [0, -1.5, 1e300],
    rejects: [notANumber, infinity, '1', null, [1]],
  },
  {
    name: 'requiredReal',
    schema: requiredReal,
    accepts: [-3.5],
    rejects: [notANumber, -infinity, true],
  },
  {
    name: 'positive',
    schema: positive(2),
    fallback: 2,
    accepts: [1e-300, 7],
    rejects: [0, -0, -1, infinity, notANumber],
  },
  {
    name: 'requiredNonNegative',
    schema: requiredNonNegative,
    accepts: [0, 0.1],
    rejects: [-1e-9, infinity, notANumber],
  },
  {
    name: 'integer',
    schema: integer(-1),
    fallback: -1,
    accepts: [0, 4, -4, largest],
    rejects: [0.5, largest + 1, '1'],
  },
  { name: 'requiredInteger', schema: requiredInteger, accepts: [-2, 3], rejects: [1.5] },
  {
    name: 'count',
    schema: count(8),
    fallback: 8,
    accepts: [1, 100],
    rejects: [0, -1, 1.5, infinity],
  },
  {
    name: 'bool',
    schema: bool(true),
    fallback: true,
    accepts: [true, false],
    rejects: [0, 1, 'true', null],
  },
  {
    name: 'oneOf',
    schema: oneOf('>=', '>'),
    fallback: '>=',
    accepts: ['>=', '>'],
    rejects: ['<', '', 0],
  },
  {
    name: 'nullable',
    schema: nullable(requiredReal, 0),
    fallback: 0,
    accepts: [null, 0, -1],
    rejects: [notANumber, 'null'],
  },
  {
    name: 'nullable that falls back to null',
    schema: nullable(requiredReal, null),
    fallback: null,
    accepts: [null, 2],
    rejects: [false],
  },
  {
    name: 'integers',
    schema: integers,
    accepts: [[], [0, -1, 2]],
    rejects: [[0.5], 0, ['0'], { length: 1 }],
  },
  {
    name: 'shape',
    schema: shape,
    accepts: [[], ['N', 3, -1, 0], ['batch_1']],
    rejects: [[-2], [1.5], [''], ['1N'], ['a b'], [null], 'N'],
  },
  {
    name: 'pair',
    schema: pair([1, 1]),
    fallback: [1, 1],
    accepts: [[2, 3]],
    rejects: [[0, 1], [1], [1, 1, 1], [1.5, 1], 2],
  },
  {
    name: 'margins',
    schema: margins,
    fallback: [0, 0, 0, 0],
    accepts: [[0, 1, 2, 3]],
    rejects: [[0, 0], [0, 0, 0, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 0.5], 1],
  },
];

describe.each(schemas)('$name', ({ schema, accepts, rejects, ...rest }) => {
  test('keeps what it accepts', () => {
    for (const value of accepts) expect(parse(schema, value)).toEqual(value);
  });

  test('refuses anything else, naming the node and the attribute', () => {
    for (const value of rejects) {
      const error = thrownBy(() => parse(schema, value));
      expect(error, `for ${JSON.stringify(value)}`).toMatchObject({
        code: 'invalid-attribute',
        path: 'probe',
      });
      expect(error.message).toMatch(/attribute "it(\.\d)?" is not valid/);
      expect(error.expected).toBeTruthy();
    }
  });

  if ('fallback' in rest) {
    test('falls back when nothing is given', () => {
      expect(parse(schema)).toEqual(rest.fallback);
    });
  } else {
    test('must be given', () => {
      expect(thrownBy(() => parse(schema))).toMatchObject({
        code: 'invalid-attribute',
        got: 'undefined',
      });
    });
  }
});

describe('the attributes of a node', () => {
  test('may not contain a name the operator does not have', () => {
    const builder = createBuilder();
    const x = builder.input('x', [2]);
    const error = thrownBy(() =>
      builder.conv2d({ x, weight: x }, { strides: [1, 1] } as never, 'conv'),
    );
    expect(error).toMatchObject({ code: 'invalid-attribute', path: 'conv' });
    expect(error.message).toContain('"strides"');
  });

  test('may be left out as a whole when each has a default', () => {
    const builder = createBuilder();
    builder.matmul(builder.input('a', [2, 3]), builder.input('b', [3, 4]));
    expect(builder.build().nodes.at(-1)!.attributes).toEqual({
      transposeA: false,
      transposeB: false,
    });
  });

  test('are JSON: what is written and read again is the same', () => {
    const builder = createBuilder();
    const x = builder.input('x', ['N', 3, 8, 8]);
    builder.avgPool2d(x, { kernel: [2, 2], stride: [2, 2] });
    const { attributes } = builder.build().nodes.at(-1)!;
    expect(JSON.parse(JSON.stringify(attributes))).toEqual(attributes);
  });
});
