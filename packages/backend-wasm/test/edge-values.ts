/** The float32 numbers right below and right above one. */
function neighbours(value: number): readonly [below: number, above: number] {
  const number = Float32Array.of(value);
  const bits = new Int32Array(number.buffer);
  const step = (by: number): number => {
    number[0] = value;
    bits[0]! += by;
    return number[0];
  };
  return value > 0 ? [step(-1), step(1)] : [step(1), step(-1)];
}

export interface Levels {
  readonly positive: number;
  readonly negative: number;
  readonly levels: number;
  readonly edge?: 'half-base' | 'nearest';
  readonly perOctave?: number;
}

/**
 * Membrane potentials where a multi-threshold neuron could go wrong: the edges `(2^k - 1/2) base`
 * and `3/4 2^k base`, and the levels themselves of both signs with their neighbours, beyond the last level, zeros and infinities.
 */
export function edgeValues({ positive, negative, levels }: Levels): number[] {
  const bases = [positive, -negative].filter((base) => base !== 0).map(Math.fround);
  const edges = bases.flatMap((base) =>
    Array.from({ length: levels + 2 }, (_, k) => [
      (2 ** k - 0.5) * base,
      Math.fround(0.75 * base) * 2 ** k,
      Math.fround(base * Math.SQRT2 * ((1 + Math.SQRT1_2) / 2)) * 2 ** k,
      Math.fround(base * ((1 + Math.SQRT1_2) / 2)) * 2 ** k,
      2 ** k * base,
      2 ** k * Math.fround(Math.SQRT2 * base),
    ]).flat(),
  );
  const saturated = bases.flatMap((base) => [base * 2 ** (levels + 4), base * 1e20]);
  const around = edges.map(Math.fround).flatMap((edge) => [edge, ...neighbours(edge)]);
  return [...around, ...saturated, 0, -0, Infinity, -Infinity, 1e-45, -1e-45, 3e38, -3e38];
}

/** Pairs of bases and numbers of levels: equal, far apart, absent, neither of them powers of two. */
export const levelCases: readonly Levels[] = [
  { positive: 0.25, negative: 0.08, levels: 8 },
  { positive: 1, negative: 1, levels: 1 },
  { positive: 0.1, negative: 0.3, levels: 3 },
  { positive: 0.0125, negative: 0, levels: 8 },
  { positive: 0, negative: 0.7, levels: 4 },
  { positive: 0, negative: 0, levels: 2 },
  { positive: 1e-7, negative: 3e4, levels: 8 },
  { positive: 1 / 3, negative: Math.PI, levels: 16 },
  { positive: 1e-12, negative: 1e9, levels: 32 },
];
