import { layerOperators, lowerAlone, type NodeAttributes, realType } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { inferOne } from '../infer-one.ts';

describe('every layer', () => {
  const cases = layerOperators.flatMap((op) =>
    op.examples.map((example, index) => ({ id: `${op.id}, example ${index + 1}`, op, example })),
  );

  test.each(cases)('$id lowers to primitives of the type it promises', ({ op, example }) => {
    const types = Object.fromEntries(
      Object.entries(example.inputs).flatMap(([name, input]) =>
        input && 'shape' in input ? [[name, realType(input.shape)]] : [],
      ),
    );
    const promised = inferOne(op, types, example.attributes);
    const nodes = lowerAlone(op, types, (example.attributes ?? {}) as NodeAttributes);
    expect(nodes.at(-1)!.outputs['out']).toEqual(promised['out']);
    expect(nodes.every((node) => node.op.startsWith('spikeloom/'))).toBe(true);
  });
});
