import { type GraphNode, type PerName, stridesOf, type Tensor, tensor } from '@spikeloom/ir';

type Index = readonly number[];
type Inputs = PerName<Tensor>;
type Attributes = GraphNode['attributes'];
/** One element of the output, by the equation of the operator. */
type Element = (at: Index) => number;
type Definition = (inputs: Inputs, attributes: Attributes) => Element;

/** Computes an operator element by element from its equation: slow, and nothing like the kernels. */
export function byDefinition(
  op: string,
  inputs: Inputs,
  attributes: Attributes,
  out: { readonly shape: readonly number[]; readonly dtype: Tensor['dtype'] },
): Tensor {
  const definition = definitions[op];
  if (!definition) throw new Error(`there is no definition of ${op}`);
  const element = definition(inputs, attributes);
  const size = out.shape.reduce((product, dim) => product * dim, 1);
  const strides = stridesOf(out.shape);
  const data = Array.from({ length: size }, (_, flat) =>
    element(out.shape.map((dim, axis) => Math.floor(flat / strides[axis]!) % dim)),
  );
  return tensor(data, out.shape, out.dtype);
}

const one = (inputs: Inputs, name: string): Tensor => inputs[name] as Tensor;

/** The element at an index; what is outside counts as `outside`. */
function read({ shape, data }: Tensor, at: Index, outside = Number.NaN): number {
  if (at.some((position, axis) => position < 0 || position >= shape[axis]!)) return outside;
  const strides = stridesOf(shape);
  return data[at.reduce((sum, position, axis) => sum + position * strides[axis]!, 0)]!;
}

/** The element that stands at an index of a larger shape after broadcasting. */
function spread(x: Tensor, at: Index): number {
  const own = at.slice(at.length - x.shape.length);
  return read(
    x,
    own.map((position, axis) => (x.shape[axis] === 1 ? 0 : position)),
  );
}

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);
const axisIn = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
const replace = (at: Index, axis: number, position: number): number[] =>
  [...at].with(axis, position);

const unary =
  (map: (x: number) => number): Definition =>
  (inputs) =>
  (at) =>
    map(read(one(inputs, 'x'), at));

const binary =
  (join: (a: number, b: number) => number): Definition =>
  (inputs) =>
  (at) =>
    join(spread(one(inputs, 'a'), at), spread(one(inputs, 'b'), at));

/** Simpson's rule on the defining integral. */
function erf(x: number): number {
  const cells = 2000;
  const width = x / cells;
  const sum = range(cells + 1).reduce((total, cell) => {
    const weight = cell === 0 || cell === cells ? 1 : cell % 2 === 1 ? 4 : 2;
    return total + weight * Math.exp(-((cell * width) ** 2));
  }, 0);
  return ((2 / Math.sqrt(Math.PI)) * sum * width) / 3;
}

const reduction =
  (finish: (values: number[]) => number): Definition =>
  (inputs, attributes) => {
    const x = one(inputs, 'x');
    const axes = (attributes['axes'] as number[]).map((axis) => axisIn(axis, x.shape.length));
    const keepDims = attributes['keepDims'] === true;
    return (at) => {
      const kept = range(x.shape.length).filter((axis) => !axes.includes(axis));
      const fixed = new Map(kept.map((axis, index) => [axis, at[keepDims ? axis : index]!]));
      let indices: number[][] = [[]];
      for (const [axis, dim] of x.shape.entries()) {
        const positions = fixed.has(axis) ? [fixed.get(axis)!] : range(dim);
        indices = indices.flatMap((start) => positions.map((position) => [...start, position]));
      }
      return finish(indices.map((index) => read(x, index)));
    };
  };

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** The values a pooling window sees; `outside` stands for margins, which are left out without it. */
function seen(
  inputs: Inputs,
  attributes: Attributes,
  [n, c, i, j]: Index,
  outside?: number,
): number[] {
  const x = one(inputs, 'x');
  const [kernel, stride] = [attributes['kernel'], attributes['stride']] as [number[], number[]];
  const [top, , left] = attributes['padding'] as number[];
  return range(kernel[0]!)
    .flatMap((p) =>
      range(kernel[1]!).map((q) =>
        read(x, [n!, c!, i! * stride[0]! + p - top!, j! * stride[1]! + q - left!], outside),
      ),
    )
    .filter((value) => !Number.isNaN(value));
}

/** The last two axes of an operand, turned if asked, and its batch broadcast. */
function matrix(x: Tensor, isTurned: boolean, batch: Index, row: number, column: number): number {
  const own = batch.slice(batch.length - (x.shape.length - 2));
  const leading = own.map((position, axis) => (x.shape[axis] === 1 ? 0 : position));
  return read(x, [...leading, ...(isTurned ? [column, row] : [row, column])]);
}

const definitions: Readonly<Record<string, Definition>> = {
  'spikeloom/abs': unary((x) => (x < 0 ? -x : x)),
  'spikeloom/add': binary((a, b) => a + b),
  'spikeloom/avg-pool2d': (inputs, attributes) => (at) => {
    const values = seen(
      inputs,
      attributes,
      at,
      attributes['countPadding'] === true ? 0 : undefined,
    );
    return total(values) / values.length;
  },
  'spikeloom/broadcast-to': (inputs) => (at) => spread(one(inputs, 'x'), at),
  'spikeloom/cast': (inputs, { dtype }) => {
    const convert = { float32: Number, int32: Math.trunc, bool: (x: number) => Number(x !== 0) };
    return (at) => convert[dtype as Tensor['dtype']](read(one(inputs, 'x'), at));
  },
  'spikeloom/concat': (inputs, attributes) => {
    const values = inputs['values'] as readonly Tensor[];
    const axis = axisIn(Number(attributes['axis']), values[0]!.shape.length);
    return (at) => {
      let position = at[axis]!;
      const from = values.find(({ shape }) => {
        if (position < shape[axis]!) return true;
        position -= shape[axis]!;
        return false;
      })!;
      return read(from, replace(at, axis, position));
    };
  },
  'spikeloom/conv2d': (inputs, attributes) => {
    const [x, weight] = [one(inputs, 'x'), one(inputs, 'weight')];
    const [stride, dilation] = [attributes['stride'], attributes['dilation']] as [
      number[],
      number[],
    ];
    const [top, , left] = attributes['padding'] as number[];
    const [filters, perGroup, height, width] = weight.shape as [number, number, number, number];
    const perFilter = filters / Number(attributes['groups']);
    return ([n, o, i, j]) => {
      let sum = inputs['bias'] ? read(one(inputs, 'bias'), [o!]) : 0;
      const first = Math.floor(o! / perFilter) * perGroup;
      for (const c of range(perGroup)) {
        for (const p of range(height)) {
          for (const q of range(width)) {
            const row = i! * stride[0]! + p * dilation[0]! - top!;
            const column = j! * stride[1]! + q * dilation[1]! - left!;
            sum += read(x, [n!, first + c, row, column], 0) * read(weight, [o!, c, p, q]);
          }
        }
      }
      return sum;
    };
  },
  'spikeloom/div': binary((a, b) => a / b),
  'spikeloom/equal': binary((a, b) => Number(a === b)),
  'spikeloom/erf': unary(erf),
  'spikeloom/exp': unary((x) => Math.E ** x),
  'spikeloom/floor': unary((x) => x - (((x % 1) + 1) % 1)),
  'spikeloom/gather': (inputs, attributes) => {
    const [x, indices] = [one(inputs, 'x'), one(inputs, 'indices')];
    const axis = axisIn(Number(attributes['axis']), x.shape.length);
    return (at) => {
      const row = read(indices, at.slice(axis, axis + indices.shape.length));
      return read(x, [...at.slice(0, axis), row, ...at.slice(axis + indices.shape.length)]);
    };
  },
  'spikeloom/greater': binary((a, b) => Number(a > b)),
  'spikeloom/greater-equal': binary((a, b) => Number(a >= b)),
  'spikeloom/identity': unary((x) => x),
  'spikeloom/log': unary((x) => Math.log10(x) / Math.log10(Math.E)),
  'spikeloom/matmul': (inputs, { transposeA, transposeB }) => {
    const [a, b] = [one(inputs, 'a'), one(inputs, 'b')];
    const inner = a.shape.at(transposeA === true ? -2 : -1)!;
    return (at) => {
      const [batch, row, column] = [at.slice(0, -2), at.at(-2)!, at.at(-1)!];
      return total(
        range(inner).map(
          (k) =>
            matrix(a, transposeA === true, batch, row, k) *
            matrix(b, transposeB === true, batch, k, column),
        ),
      );
    };
  },
  'spikeloom/max': reduction((values) => Math.max(...values)),
  'spikeloom/max-pool2d': (inputs, attributes) => (at) => Math.max(...seen(inputs, attributes, at)),
  'spikeloom/maximum': binary((a, b) => (a >= b ? a : b)),
  'spikeloom/mean': reduction((values) => total(values) / values.length),
  'spikeloom/minimum': binary((a, b) => (a <= b ? a : b)),
  'spikeloom/mul': binary((a, b) => a * b),
  'spikeloom/neg': unary((x) => 0 - x),
  'spikeloom/pad': (inputs, attributes) => {
    const x = one(inputs, 'x');
    const axis = axisIn(Number(attributes['axis']), x.shape.length);
    return (at) => read(x, replace(at, axis, at[axis]! - Number(attributes['before'])), 0);
  },
  'spikeloom/pow': binary((a, b) => Math.exp(b * Math.log(a))),
  'spikeloom/quantize-levels': (inputs, { positive, negative, levels }) => {
    const largest = (x: number, base: number): number => {
      const reached = range(Number(levels))
        .map((k) => Math.fround(base * 2 ** k))
        .filter((level) => base > 0 && Math.fround(x - level) + Math.fround(base / 2) >= 0);
      return Math.max(0, ...reached);
    };
    return (at) => {
      const x = read(one(inputs, 'x'), at);
      return largest(x, Number(positive)) || 0 - largest(-x, Number(negative));
    };
  },
  'spikeloom/reshape': (inputs) => {
    // The only one that is defined by position: the elements come one after the other.
    let flat = 0;
    return () => one(inputs, 'x').data[flat++]!;
  },
  'spikeloom/segment-sum': (inputs) => {
    const [x, segments] = [one(inputs, 'x'), one(inputs, 'segments')];
    return ([segment, ...rest]) =>
      total(
        range(x.shape[0]!)
          .filter((row) => read(segments, [row]) === segment)
          .map((row) => read(x, [row, ...rest])),
      );
  },
  'spikeloom/select': (inputs) => (at) =>
    spread(one(inputs, spread(one(inputs, 'condition'), at) === 1 ? 'a' : 'b'), at),
  'spikeloom/sigmoid': unary((x) => 0.5 + 0.5 * Math.tanh(x / 2)),
  'spikeloom/slice': (inputs, attributes) => {
    const x = one(inputs, 'x');
    const axis = axisIn(Number(attributes['axis']), x.shape.length);
    return (at) => read(x, replace(at, axis, at[axis]! + Number(attributes['start'])));
  },
  'spikeloom/spike': (inputs, { comparison }) =>
    unary((x) => Number(x > 0 || (x === 0 && comparison === '>=')))(inputs, {}),
  'spikeloom/sqrt': unary((x) => x ** 0.5),
  'spikeloom/stop-gradient': unary((x) => x),
  'spikeloom/sub': binary((a, b) => a - b),
  'spikeloom/sum': reduction(total),
  'spikeloom/tanh': unary((x) => 1 - 2 / (Math.exp(2 * x) + 1)),
  'spikeloom/transpose': (inputs, { permutation }) => {
    const axes = permutation as number[];
    return (at) =>
      read(
        one(inputs, 'x'),
        range(at.length).map((axis) => at[axes.indexOf(axis)]!),
      );
  },
  'spikeloom/uniform': (inputs, attributes) => {
    const strides = stridesOf(one(inputs, 'x').shape);
    const key = read(one(inputs, 'key'), []);
    return (at) => {
      const position = at.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
      return uniformAt(Number(attributes['stream']), key, position);
    };
  },
};

/** The hash of the operator in integers of any length. */
function uniformAt(stream: number, key: number, position: number): number {
  const word = (value: bigint): bigint => BigInt.asUintN(32, value);
  const mix = (start: bigint): bigint => {
    const first = word((start ^ (start >> 16n)) * 0x21f0aaadn);
    const second = word((first ^ (first >> 15n)) * 0x735a2d97n);
    return second ^ (second >> 15n);
  };
  const [keyBits] = new Uint32Array(Float32Array.of(key).buffer);
  const inner = mix(mix(word(BigInt(stream) + 0x9e3779b9n)) ^ BigInt(keyBits!));
  const outer = mix(word(inner + 0x9e3779b9n));
  return Number(mix(mix(word(BigInt(position) + inner)) ^ outer) >> 8n) / 2 ** 24;
}
