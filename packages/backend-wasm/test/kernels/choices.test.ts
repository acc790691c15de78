import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import {
  createBuilder,
  createRandom,
  createRegistry,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

const registry = createRegistry([]);
const random = createRandom(7);

/** Numbers of which many are equal, infinite or zeros of both signs. */
function awkward(shape: readonly number[]): Tensor {
  const values = [0, -0, 1, -1, 0.5, Infinity, -Infinity];
  const size = shape.reduce((product, dim) => product * dim, 1);
  return tensor(
    Float32Array.from({ length: size }, () => values[random.below(values.length)]!),
    shape,
  );
}

const shapes: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ['of one shape', [3, 21], [3, 21]],
  ['of one shape, shorter than a vector', [3], [3]],
  ['with a single number on the right', [2, 37], []],
  ['with a single number on the left', [], [2, 37]],
  ['with a single number that has axes', [2, 37], [1, 1]],
  ['that broadcast', [2, 37], [37]],
  ['where the single number adds an axis', [5], [1, 1, 1]],
  ['that are two single numbers', [], []],
];

describe('comparisons and choices agree with the reference', () => {
  test.each(shapes)('on operands %s', async (_, left, right) => {
    const b = createBuilder();
    // Infinity * 0 is NaN, which no input may be.
    const withNaN = (value: Value): Value => b.add(value, b.mul(value, 0));
    const x = withNaN(b.input('x', left));
    const y = b.input('y', right);
    for (const [name, condition] of [
      ['greater', b.greater(x, y)],
      ['greaterEqual', b.greaterEqual(x, y)],
      ['equal', b.equal(x, y)],
    ] as const) {
      b.output(name, b.cast(condition, 'float32'));
      b.output(`${name} chooses`, b.select(condition, x, y));
      b.output(`${name} chooses a number`, b.select(condition, 2, y));
    }
    const graph = b.build();
    const run = async (backend: ReturnType<typeof cpuBackend>) => {
      const program = await backend.compile(graph, { registry });
      const inputs = { x: awkwardLeft, y: awkwardRight };
      return program.run(inputs, { timesteps: 1 }).finally(() => program.dispose());
    };
    const [awkwardLeft, awkwardRight] = [awkward(left), awkward(right)];
    const [expected, actual] = [await run(cpuBackend()), await run(wasmBackend())];
    expect(actual).toEqual(expected);
  });
});
