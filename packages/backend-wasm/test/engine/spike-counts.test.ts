import { createRandom, type Random } from '@spikeloom/ir';
import { describe, test } from 'vitest';
import { type Arena, expectSame, runInParts } from './kernels.ts';
import { bitTable, blocksOf, blockSpikes, currentAt, hasSpike, type Spikes } from './layouts.ts';

const { fround } = Math;
const below = (random: Random, limit: number): number => 1 + random.below(limit);

describe('spikes of every channel over all positions', () => {
  const random = createRandom(701);
  const cases = Array.from({ length: 30 }, (_, seed) => ({
    // More positions than a byte counts, now and then.
    ...{ T: below(random, 3), N: below(random, 3), P: seed % 5 === 0 ? 700 : below(random, 40) },
    ...{ C: below(random, 80), B: [16, 32][seed % 2]!, both: seed % 3 === 0, seed },
    ...{ rate: [0.2, 0.5, 1][seed % 3]!, one: [1, 0.3][seed % 2]!, divides: seed % 4 < 2 },
  }));

  test.each(cases)('$T x $N x $P x $C in blocks of $B, rate $rate, both $both', (it) => {
    const { T, N, P, C, B, both, rate, one, divides, seed } = it;
    const values = createRandom(seed);
    const a = blockSpikes(values, { T, N, P, C, B }, rate);
    const b = blockSpikes(values, { T, N, P, C, B }, rate);
    const divisor = divides ? P : 1;
    const expected = new Float32Array(N * blocksOf(C, B) * T * B);
    for (let n = 0; n < N; n++)
      for (let c = 0; c < C; c++)
        for (let t = 0; t < T; t++) {
          let count = 0;
          for (let p = 0; p < P; p++)
            count += Number(hasSpike(a, t, n, p, c) && (!both || hasSpike(b, t, n, p, c)));
          const sum = fround(count * fround(one));
          expected[currentAt({ C, P: 1, T, B }, { n, c, p: 0, t })] = fround(sum / divisor);
        }
    const actual = runInParts((arena: Arena) => {
      const out = arena.reserve(4 * expected.length);
      const descriptor = arena.describe([
        ...[arena.place(a.bits), both ? arena.place(b.bits) : 0, out, T, N, P, C, B, a.bytes],
        ...[{ float: one }, { float: divisor }],
      ]);
      return {
        ...{ kernel: 'countSpikes', descriptor, units: N * blocksOf(C, B) },
        results: () => ({ currents: arena.read(Float32Array, out, expected.length) }),
      };
    }, seed);
    expectSame(actual, { currents: expected });
  });
});

describe('spikes of groups of channels', () => {
  const random = createRandom(702);
  const cases = Array.from({ length: 30 }, (_, seed) => ({
    ...{ T: below(random, 3), N: below(random, 3), P: below(random, 20), seed },
    ...{ groups: below(random, 40), width: 8 * below(random, 20), B: [16, 32][seed % 2]! },
  }));

  test.each(cases)('$T x $N x $P, $groups groups of $width, blocks of $B', (it) => {
    const { T, N, P, groups, width, B, seed } = it;
    const spikes = blockSpikes(createRandom(seed), { T, N, P, C: groups * width, B }, 0.4);
    const size = { C: groups, P, T, B };
    const expected = new Float32Array(N * blocksOf(groups, B) * P * T * B);
    for (let n = 0; n < N; n++)
      for (let g = 0; g < groups; g++)
        for (let p = 0; p < P; p++)
          for (let t = 0; t < T; t++) {
            let count = 0;
            for (let c = 0; c < width; c++)
              count += Number(hasSpike(spikes, t, n, p, g * width + c));
            expected[currentAt(size, { n, c: g, p, t })] = fround(count * 0.5);
          }
    const actual = runInParts((arena: Arena) => {
      const out = arena.reserve(4 * expected.length);
      const descriptor = arena.describe([
        ...[arena.place(spikes.bits), out, T, N, P, groups, width / 8, B, spikes.bytes],
        { float: 0.5 },
      ]);
      return {
        ...{ kernel: 'countGroups', descriptor, units: N * P },
        results: () => ({ currents: arena.read(Float32Array, out, expected.length) }),
      };
    }, seed);
    expectSame(actual, { currents: expected });
  });
});

describe('matrix products of spikes', () => {
  const random = createRandom(704);
  const inner = [1, 7, 16, 33, 64, 65, 130, 200, 256, 300];
  const cases = Array.from({ length: 40 }, (_, seed) => ({
    ...{ T: below(random, 3), N: below(random, 2), G: below(random, 3), seed },
    ...{ R: below(random, 20), K: inner[seed % inner.length]!, S: below(random, 40) },
    ...{ B: [16, 32][seed % 2]!, turnsA: (seed >> 1) % 2, turnsB: (seed >> 2) % 2 },
    one: [1, 0.25][seed % 2]!,
  }));

  test.each(cases)('$T x $N x $G of $R x $K by $S, turned $turnsA $turnsB', (it) => {
    const { T, N, G, R, K, S, B, turnsA, turnsB, one, seed } = it;
    const values = createRandom(seed);
    const matrices = (rows: number, turned: number): Spikes =>
      turned
        ? blockSpikes(values, { T, N, P: G * K, C: rows, B }, 0.5)
        : blockSpikes(values, { T, N, P: G * rows, C: K, B }, 0.5);
    const [a, b] = [matrices(R, turnsA), matrices(S, turnsB)];
    const has = (x: Spikes, turned: number, rows: number, g: number, row: number, k: number) =>
      turned
        ? (t: number, n: number) => hasSpike(x, t, n, g * K + k, row)
        : (t: number, n: number) => hasSpike(x, t, n, g * rows + row, k);
    const size = { C: S, P: G * R, T, B };
    const expected = new Float32Array(N * blocksOf(S, B) * G * R * T * B);
    for (let t = 0; t < T; t++)
      for (let n = 0; n < N; n++)
        for (let g = 0; g < G; g++)
          for (let i = 0; i < R; i++)
            for (let j = 0; j < S; j++) {
              let count = 0;
              for (let k = 0; k < K; k++)
                count += Number(
                  has(a, turnsA, R, g, i, k)(t, n) && has(b, turnsB, S, g, j, k)(t, n),
                );
              expected[currentAt(size, { n, c: j, p: g * R + i, t })] = count * one;
            }
    const actual = runInParts((arena: Arena) => {
      const out = arena.reserve(4 * expected.length);
      const room = 8 * Math.ceil(R / 8) + blocksOf(S, B) * B + 8;
      const descriptor = arena.describe([
        ...[arena.place(a.bits), arena.place(b.bits), out, T, N, G, R, K, S, B, a.bytes, b.bytes],
        ...[{ float: one }, arena.reserve(room * (8 * Math.ceil(K / 64) + 24)), turnsA, turnsB],
      ]);
      return {
        ...{ kernel: 'countProducts', descriptor, units: N * G },
        results: () => ({ currents: arena.read(Float32Array, out, expected.length) }),
      };
    }, seed);
    expectSame(actual, { currents: expected });
  });
});

describe('rows that spikes select', () => {
  const random = createRandom(705);
  const cases = Array.from({ length: 40 }, (_, seed) => {
    const merged = seed % 2;
    return {
      ...{ T: below(random, 3), N: below(random, 2), G: below(random, 3), R: below(random, 12) },
      ...{ K: below(random, 90), S: merged ? 16 * below(random, 4) : below(random, 70) },
      ...{ B: [16, 32][(seed >> 1) % 2]!, merged, factor: [1, 0.25][(seed >> 2) % 2]!, seed },
    };
  });

  test.each(cases)('$T x $N x $G of $R x $K by $S in blocks of $B, merged $merged', (it) => {
    const { T, N, G, R, K, S, B, merged, factor, seed } = it;
    const values = createRandom(seed);
    const spikes = blockSpikes(values, { T, N, P: G * R, C: K, B }, 0.4);
    const rows = { C: S, P: G * K, T, B };
    const currents = new Float32Array(N * blocksOf(S, B) * G * K * T * B).map(
      () => values.below(100) - 50,
    );
    const out = merged ? { C: G * S, P: R, T, B } : { C: S, P: G * R, T, B };
    const expected = new Float32Array(N * blocksOf(out.C, B) * out.P * T * B);
    const exists = expected.map(() => 0);
    for (let t = 0; t < T; t++)
      for (let n = 0; n < N; n++)
        for (let g = 0; g < G; g++)
          for (let i = 0; i < R; i++)
            for (let j = 0; j < S; j++) {
              let sum = 0;
              for (let k = 0; k < K; k++)
                if (hasSpike(spikes, t, n, g * R + i, k))
                  sum += currents[currentAt(rows, { n, c: j, p: g * K + k, t })]!;
              const [c, p] = merged ? [g * S + j, i] : [j, g * R + i];
              const at = currentAt(out, { n, c, p, t });
              expected[at] = sum * factor;
              exists[at] = 1;
            }
    const actual = runInParts((arena: Arena) => {
      const to = arena.reserve(4 * expected.length);
      const descriptor = arena.describe([
        ...[arena.place(spikes.bits), arena.place(currents), to, T, N, G, R, K, S, B],
        ...[
          spikes.bytes,
          arena.reserve(4 * T * K * blocksOf(S, B) * B + 2 * K + 160),
          { float: factor },
          arena.place(bitTable()),
        ],
        merged,
      ]);
      return {
        ...{ kernel: 'sumSelected', descriptor, units: N * G * R },
        results: () => ({ currents: arena.read(Float32Array, to, expected.length) }),
      };
    }, seed);
    expectSame(actual, { currents: expected }, { currents: (at) => exists[at] === 1 });
  });
});
