/** Tokens `[N, L, D]` and their heads `[N, heads, L, D / heads]`. */
import {
  type Builder,
  formatShape,
  SpikeloomError,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

/** Throws unless all are tokens of one shape, with widths that the heads share. */
export function requireTokens(given: Readonly<Record<string, ValueType>>, heads: number): void {
  const names = Object.keys(given);
  const types = Object.values(given) as [ValueType, ...ValueType[]];
  const [{ shape }] = types;
  const fits =
    shape.length === 3 &&
    typeof shape[1] === 'number' &&
    typeof shape[2] === 'number' &&
    shape[2] % heads === 0 &&
    types.every((type) => type.shape.join() === shape.join());
  if (fits) return;
  throw new SpikeloomError({
    code: 'shape-mismatch',
    message: `${names.join(', ')} are not tokens of one shape for ${heads} heads`,
    expected: '[N, L, D] each, D a multiple of heads',
    got: types.map((type) => formatShape(type.shape)).join(', '),
  });
}

/** `[N, L, D]` to `[N, heads, L, D / heads]`. */
export function splitHeads(b: Builder, x: Value, heads: number, name: string): Value {
  const [rows, length, width] = x.type.shape;
  const split = b.reshape(x, [rows ?? 1, length ?? 1, heads, Number(width) / heads]);
  return b.transpose(split, [0, 2, 1, 3], name);
}

/** `[N, heads, L, D / heads]` to `[N, L, D]`. */
export function mergeHeads(b: Builder, x: Value, name: string): Value {
  const [rows, heads, length, width] = x.type.shape;
  const turned = b.transpose(x, [0, 2, 1, 3]);
  return b.reshape(turned, [rows ?? 1, length ?? 1, Number(heads) * Number(width)], name);
}
