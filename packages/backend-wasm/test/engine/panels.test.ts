import { createRandom } from '@spikeloom/ir';
import { test } from 'vitest';
import { type Arena, expectSame, runInParts } from './kernels.ts';
import { blocksOf, currentAt } from './layouts.ts';

const random = createRandom(651);
const below = (limit: number): number => 1 + random.below(limit);

const cases = Array.from({ length: 40 }, (_, seed) => {
  const [N, heads] = [below(3), below(3)];
  // Heads of whole blocks, as most models have them, and of any channels.
  const even = seed % 4 < 2;
  const count = even ? 16 * below(4) : below(40);
  const parts = below(3);
  return {
    ...{ T: below(3), N, heads, L: below(50), count, parts, B: [16, 32][seed % 2]! },
    ...{ part: random.below(parts), transposed: random.below(2), firstSample: random.below(N) },
    seed,
  };
});

test.each(cases)(
  '$count channels of $heads heads of $parts, $L positions, transposed $transposed, blocks of $B',
  (it) => {
    const { T, N, heads, L, count, parts, part, B, transposed, firstSample, seed } = it;
    const C = heads * parts * count;
    const values = createRandom(seed);
    const currents = new Float32Array(N * blocksOf(C, B) * L * T * B).map(() => values.normal());
    const outputs = transposed ? L : count;
    const K = transposed ? count : L;
    const NBo = blocksOf(outputs, 16);
    const units = (N - firstSample) * T * heads;
    const expected = new Float32Array(units * NBo * K * 16);
    for (let unit = 0; unit < units; unit++)
      for (let l = 0; l < L; l++)
        for (let i = 0; i < count; i++) {
          const [h, t] = [unit % heads, Math.floor(unit / heads) % T];
          const n = firstSample + Math.floor(unit / (heads * T));
          const c = (h * parts + part) * count + i;
          const [o, k] = transposed ? [l, i] : [i, l];
          expected[((unit * NBo + (o >> 4)) * K + k) * 16 + (o & 15)] =
            currents[currentAt({ C, P: L, T, B }, { n, c, p: l, t })]!;
        }
    const actual = runInParts((arena: Arena) => {
      const to = arena.reserve(4 * expected.length);
      const descriptor = arena.describe([
        ...[arena.place(currents), to, T, N, heads, L, C, B],
        ...[parts * count, part * count, count, transposed, firstSample],
      ]);
      return {
        ...{ kernel: 'panelsFromCurrents', descriptor, units },
        results: () => ({ panels: arena.read(Float32Array, to, expected.length) }),
      };
    }, seed);
    expectSame(actual, { panels: expected });
  },
);
