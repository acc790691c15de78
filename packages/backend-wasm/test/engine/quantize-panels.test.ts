import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { type Arena, runInParts } from './kernels.ts';
import { blocksOf, currentAt } from './layouts.ts';

const random = createRandom(661);
const below = (limit: number): number => 1 + random.below(limit);
const B = 32;

const cases = Array.from({ length: 24 }, (_, seed) => {
  const [N, parts] = [below(2), below(2)];
  return {
    ...{ T: below(3), N, heads: below(3), L: below(80), count: B * below(3), parts },
    ...{ part: random.below(parts), transposed: seed % 2, firstSample: random.below(N) },
    // All positive, as after a rectifier; large and small; nothing at all.
    fill: ['normal', 'positive', 'large', 'zero'][Math.floor(seed / 2) % 4]!,
    seed,
  };
});
type Case = (typeof cases)[number];

function currentsOf({ T, N, heads, L, count, parts, fill, seed }: Case): Float32Array {
  const values = createRandom(seed);
  const draw = {
    normal: () => values.normal(),
    positive: () => values.uniform(),
    large: () => values.normal() * 10 ** (20 - values.below(40)),
    zero: () => 0,
  }[fill]!;
  const length = N * blocksOf(heads * parts * count, B) * L * T * B;
  return new Float32Array(length).map(() => draw());
}

function quantize(it: Case, currents: Float32Array): Int16Array {
  const { T, N, heads, L, count, parts, part, transposed, firstSample, seed } = it;
  const units = (N - firstSample) * T * heads;
  const [outputs, rows] = transposed ? [L, count] : [count, L];
  const length = units * blocksOf(outputs, B) * (rows + 4) * B;
  const { panels } = runInParts((arena: Arena) => {
    const to = arena.reserve(2 * length);
    const scale = arena.place(Float32Array.from({ length: heads }, (_, h) => 1 + h));
    const descriptor = arena.describe([
      ...[arena.place(currents), to, T, N, heads, L, heads * parts * count, B],
      ...[parts * count, part * count, count, transposed, firstSample, scale],
    ]);
    return {
      ...{ kernel: 'panelsFromCurrents_i16', descriptor, units },
      results: () => ({ panels: arena.read(Int16Array, to, length) }),
    };
  }, seed);
  return panels as Int16Array;
}

interface Output {
  readonly weights: readonly number[];
  readonly quantized: readonly number[];
  readonly unit: number;
  readonly shift: number;
  readonly head: number;
}

/** Every lane of every panel; the weights of lanes that are no output are empty. */
function outputsOf(it: Case): Output[] {
  const { T, N, heads, L, count, parts, part, transposed, firstSample } = it;
  const currents = currentsOf(it);
  const panels = quantize(it, currents);
  const [outputs, rows] = transposed ? [L, count] : [count, L];
  const [NBo, size] = [blocksOf(outputs, B), (rows + 4) * B];
  const found: Output[] = [];
  for (let unit = 0; unit < (N - firstSample) * T * heads; unit++)
    for (let o = 0; o < NBo * B; o++) {
      const [head, t] = [unit % heads, Math.floor(unit / heads) % T];
      const n = firstSample + Math.floor(unit / (heads * T));
      const at = (unit * NBo + (o >> 5)) * size;
      const weightOf = (row: number): number => {
        const [i, p] = transposed ? [row, o] : [o, row];
        const place = { n, t, p, c: (head * parts + part) * count + i };
        return currents[currentAt({ C: heads * parts * count, P: L, T, B }, place)]!;
      };
      const numbers = new Float32Array(panels.slice(at + rows * B, at + size).buffer);
      found.push({
        head,
        weights: o < outputs ? Array.from({ length: rows }, (_, row) => weightOf(row)) : [],
        quantized: Array.from({ length: rows }, (_, row) => panels[at + row * B + (o & 31)]!),
        unit: numbers[o & 31]!,
        shift: numbers[B + (o & 31)]!,
      });
    }
  return found;
}

const add = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);

describe.each(cases)(
  '$count channels of $heads heads, $L positions, transposed $transposed, $fill',
  (it) => {
    const outputs = outputsOf(it);

    test('no subset of the rows can overflow', () => {
      for (const { quantized } of outputs) {
        expect(add(quantized.filter((one) => one > 0))).toBeLessThanOrEqual(32767);
        expect(add(quantized.filter((one) => one < 0))).toBeGreaterThanOrEqual(-32767);
      }
    });

    test('weights are off by half a unit at most, and units as small as the sums allow', () => {
      for (const { weights, quantized, unit, head } of outputs) {
        if (weights.length === 0) continue;
        const most = Math.max(
          add(weights.filter((one) => one > 0)),
          -add(weights.filter((one) => one < 0)),
        );
        const one = unit / (1 + head);
        expect(one).toBeLessThanOrEqual((most * 1.00001) / (32766 - 0.52 * weights.length) + 1e-30);
        weights.forEach((weight, row) => {
          // The number of units is a reciprocal times a weight, each rounded to 24 bits.
          const rounding = (Math.abs(weight) / one) * 2 ** -23;
          const error = Math.abs(weight - quantized[row]! * one) / one;
          expect(error).toBeLessThanOrEqual(0.5001 + rounding);
        });
      }
    });

    test('lanes that are no output hold nothing, and nothing is shifted', () => {
      for (const { weights, quantized, unit, shift } of outputs) {
        expect(shift).toBe(0);
        if (weights.length > 0) continue;
        expect(unit).toBe(0);
        expect(quantized.every((one) => one === 0)).toBe(true);
      }
    });
  },
);
