import {
  type AnyOperator,
  createBuilder,
  type Graph,
  mapNames,
  primitiveOperators,
  type Random,
  type Tensor,
} from '@spikeloom/ir';
import {
  anyAxis,
  anyDtype,
  numbers,
  part,
  positive,
  rows,
  shapeOf,
  size,
  truths,
} from './random-data.ts';
import { type Draft, layerDrafts, unary } from './random-layer-calls.ts';

/** One call of an operator with random shapes, data and attributes. */
export interface RandomCall {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** The primitives that compute something: the runtime itself does the others. */
export const computing: readonly AnyOperator[] = primitiveOperators.filter(
  ({ id, inputs }) => Object.keys(inputs).length > 0 && id !== 'spikeloom/write',
);

/** A random call of a primitive or a layer, as a graph of one node called `op`. */
export function randomCall(op: AnyOperator, random: Random): RandomCall {
  const draft = drafts[op.id] ?? layerDrafts[op.id];
  if (!draft) throw new Error(`there is no draft for ${op.id}`);
  const { inputs: given, attributes } = draft(random);
  const builder = createBuilder({ name: op.id });
  const inputs: Record<string, Tensor> = {};
  const values = mapNames(given, (one) => {
    const name = `input_${Object.keys(inputs).length}`;
    inputs[name] = one;
    return builder.input(name, one.shape, { dtype: one.dtype });
  });
  builder.output('out', builder.apply(op, values, attributes, 'op')['out']!);
  return { graph: builder.build(), inputs };
}

const binary =
  (draw?: (random: Random) => () => number) =>
  (random: Random): Draft => {
    const whole = shapeOf(random, random.below(5));
    const [a, b] = [part(random, whole), part(random, whole)];
    return {
      inputs: { a: numbers(random, a, draw?.(random)), b: numbers(random, b, draw?.(random)) },
    };
  };

/** Small whole numbers, so that comparisons often meet equal ones. */
const whole = (random: Random) => (): number => random.below(3);

function reduction(random: Random): Draft {
  const x = numbers(random, shapeOf(random, 1 + random.below(4)));
  const axes = [...x.shape.keys()].filter(() => random.uniform() < 0.5);
  const turned = axes.map((axis) => (random.uniform() < 0.5 ? axis : axis - x.shape.length));
  return { inputs: { x }, attributes: { axes: turned, keepDims: random.uniform() < 0.5 } };
}

function window(random: Random): { kernel: number[]; stride: number[]; padding: number[] } {
  const kernel = [size(random, 3), size(random, 3)] as const;
  const margin = (of: number): number => random.below(of);
  return {
    kernel: [...kernel],
    stride: [size(random, 3), size(random, 3)],
    padding: [margin(kernel[0]), margin(kernel[0]), margin(kernel[1]), margin(kernel[1])],
  };
}

const image = (random: Random, channels = size(random)): Tensor =>
  numbers(random, [size(random, 2), channels, 5 + random.below(3), 5 + random.below(3)]);

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const drafts: Readonly<Record<string, (random: Random) => Draft>> = {
  'spikeloom/abs': unary(),
  'spikeloom/add': binary(),
  'spikeloom/avg-pool2d': (random) => ({
    inputs: { x: image(random) },
    attributes: { ...window(random), countPadding: random.uniform() < 0.5 },
  }),
  'spikeloom/broadcast-to': (random) => {
    const shape = shapeOf(random, 1 + random.below(5));
    return { inputs: { x: anyDtype(random, part(random, shape)) }, attributes: { shape } };
  },
  'spikeloom/cast': (random) => ({
    inputs: { x: anyDtype(random, shapeOf(random, random.below(4))) },
    attributes: { dtype: ['float32', 'int32', 'bool'][random.below(3)] },
  }),
  'spikeloom/concat': (random) => {
    const shape = shapeOf(random, 1 + random.below(4));
    const axis = anyAxis(random, shape.length);
    const values = Array.from({ length: size(random, 3) }, () =>
      numbers(random, shape.with(axisOf(axis, shape.length), size(random))),
    );
    return { inputs: { values }, attributes: { axis } };
  },
  'spikeloom/conv2d': (random) => {
    const groups = size(random, 2);
    const [perGroup, filters] = [size(random, 3), groups * size(random, 2)];
    const { kernel, ...rest } = window(random);
    return {
      inputs: {
        x: image(random, groups * perGroup),
        weight: numbers(random, [filters, perGroup, ...kernel]),
        bias: random.uniform() < 0.5 ? numbers(random, [filters]) : undefined,
      },
      attributes: { ...rest, groups, dilation: [size(random, 2), size(random, 2)] },
    };
  },
  'spikeloom/div': binary(positive),
  'spikeloom/equal': binary(whole),
  'spikeloom/erf': unary(),
  'spikeloom/exp': unary(),
  'spikeloom/floor': unary(),
  'spikeloom/gather': (random) => {
    const x = anyDtype(random, shapeOf(random, 1 + random.below(3)));
    const axis = anyAxis(random, x.shape.length);
    const length = x.shape.at(axis)!;
    return {
      inputs: { x, indices: rows(random, shapeOf(random, random.below(3)), length) },
      attributes: { axis },
    };
  },
  'spikeloom/greater': binary(whole),
  'spikeloom/greater-equal': binary(whole),
  'spikeloom/identity': (random) => ({ inputs: { x: anyDtype(random, shapeOf(random, 2)) } }),
  'spikeloom/log': unary(positive),
  'spikeloom/matmul': (random) => {
    const batch = shapeOf(random, random.below(3));
    const [rowCount, inner, columns] = [size(random), size(random), size(random)];
    const [transposeA, transposeB] = [random.uniform() < 0.5, random.uniform() < 0.5];
    return {
      inputs: {
        a: numbers(random, [...part(random, batch), ...turn([rowCount, inner], transposeA)]),
        b: numbers(random, [...part(random, batch), ...turn([inner, columns], transposeB)]),
      },
      attributes: { transposeA, transposeB },
    };
  },
  'spikeloom/max': reduction,
  'spikeloom/max-pool2d': (random) => ({
    inputs: { x: image(random) },
    attributes: window(random),
  }),
  'spikeloom/maximum': binary(),
  'spikeloom/mean': reduction,
  'spikeloom/minimum': binary(),
  'spikeloom/mul': binary(),
  'spikeloom/neg': unary(),
  'spikeloom/pad': (random) => {
    const x = anyDtype(random, shapeOf(random, 1 + random.below(4)));
    const axis = anyAxis(random, x.shape.length);
    return { inputs: { x }, attributes: { axis, before: random.below(3), after: random.below(3) } };
  },
  'spikeloom/pow': binary(positive),
  'spikeloom/quantize-levels': (random) => ({
    inputs: { x: numbers(random, shapeOf(random, 2), () => 4 * random.normal()) },
    attributes: {
      positive: random.uniform(),
      negative: random.below(2) * random.uniform(),
      levels: size(random),
    },
  }),
  'spikeloom/reshape': (random) => {
    const x = anyDtype(random, [2, 3, size(random)]);
    return { inputs: { x }, attributes: { shape: [[-1], [6, -1], [3, -1, 2]][random.below(3)] } };
  },
  'spikeloom/segment-sum': (random) => {
    const [edges, count] = [size(random, 7), size(random)];
    return {
      inputs: {
        x: numbers(random, [edges, ...shapeOf(random, random.below(3))]),
        segments: rows(random, [edges], count),
      },
      attributes: { count },
    };
  },
  'spikeloom/select': (random) => {
    const shape = shapeOf(random, random.below(4));
    const [condition, a, b] = [part(random, shape), part(random, shape), part(random, shape)];
    return {
      inputs: {
        condition: truths(random, condition),
        a: numbers(random, a),
        b: numbers(random, b),
      },
    };
  },
  'spikeloom/sigmoid': unary(),
  'spikeloom/slice': (random) => {
    const x = anyDtype(random, shapeOf(random, 1 + random.below(5)));
    const axis = anyAxis(random, x.shape.length);
    const length = x.shape.at(axis)!;
    const start = random.below(length);
    return { inputs: { x }, attributes: { axis, start, size: size(random, length - start) } };
  },
  'spikeloom/spike': (random) => ({
    inputs: { x: numbers(random, shapeOf(random, 2), () => random.below(3) - 1) },
    attributes: { comparison: ['>=', '>'][random.below(2)] },
  }),
  'spikeloom/sqrt': unary(positive),
  'spikeloom/stop-gradient': unary(),
  'spikeloom/sub': binary(),
  'spikeloom/sum': reduction,
  'spikeloom/tanh': unary(),
  'spikeloom/transpose': (random) => {
    const x = anyDtype(random, shapeOf(random, 1 + random.below(7)));
    return { inputs: { x }, attributes: { permutation: random.shuffle([...x.shape.keys()]) } };
  },
  'spikeloom/uniform': (random) => ({
    inputs: {
      x: numbers(random, shapeOf(random, random.below(4))),
      key: numbers(random, [], () => random.below(2 ** 24)),
    },
    attributes: { stream: Math.floor(random.uniform() * 2 ** 32) },
  }),
};

function turn(shape: readonly [number, number], isTurned: boolean): readonly number[] {
  return isTurned ? [shape[1], shape[0]] : shape;
}
