/** Trains `[T, V, D]` and their heads `[T, heads, V, D / heads]`. */
import {
  type Builder,
  type Dim,
  formatShape,
  SpikeloomError,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

/** Queries, keys and values of all heads over all timesteps, `[T, heads, V, D / heads]` each. */
export interface HeadTrains {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** The sizes of `[T, heads, V, D / heads]`. */
export function sizesOfHeads({ type: { shape } }: Value): {
  readonly timesteps: number;
  readonly heads: number;
  readonly nodes: Dim;
  readonly width: number;
} {
  const [timesteps, heads, nodes, width] = shape;
  return {
    timesteps: Number(timesteps),
    heads: Number(heads),
    nodes: nodes ?? 1,
    width: Number(width),
  };
}

/** `[T, V, D]` to `[T, heads, V, D / heads]`. */
export function splitTrain(b: Builder, x: Value, heads: number, name: string): Value {
  const [timesteps, nodes, width] = x.type.shape;
  const split = b.reshape(x, [timesteps ?? 1, nodes ?? 1, heads, Number(width) / heads]);
  return b.transpose(split, [0, 2, 1, 3], name);
}

/** `[T, heads, V, D / heads]` to `[T, V, D]`. */
export function mergeTrain(b: Builder, x: Value, name: string): Value {
  const { timesteps, heads, nodes, width } = sizesOfHeads(x);
  const turned = b.transpose(x, [0, 2, 1, 3]);
  return b.reshape(turned, [timesteps, nodes, heads * width], name);
}

/** Throws unless all are trains of one shape, with widths that the heads share. */
export function requireTrains(given: Readonly<Record<string, ValueType>>, heads: number): void {
  const types = Object.values(given);
  const [timesteps, nodes, width] = types[0]!.shape;
  const fits =
    types.every(({ shape }) => shape.length === 3 && shape.join() === types[0]!.shape.join()) &&
    nodes !== undefined &&
    typeof timesteps === 'number' &&
    typeof width === 'number' &&
    width % heads === 0;
  if (fits) return;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    message: `${Object.keys(given).join(', ')} are not trains of one shape for ${heads} heads`,
    expected: '[T, V, D] each, D a multiple of heads',
    got: types.map(({ shape }) => formatShape(shape)).join(', '),
  });
}
