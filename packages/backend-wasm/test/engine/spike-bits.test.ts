import { createRandom, type Random } from '@spikeloom/ir';
import { describe, test } from 'vitest';
import { type Arena, expectSame, runInParts, type Word } from './kernels.ts';
import { blocksOf, blockSpikes, createSpikes, hasSpike, setSpike, type Spikes } from './layouts.ts';

const below = (random: Random, limit: number): number => 1 + random.below(limit);
const bytesOf = (C: number, B: number): number => (blocksOf(C, B) * B) / 8;

/** Expects of a kernel that writes spikes the bits of all of them, those of no channel included. */
function expectBits(
  kernel: string,
  units: number,
  expected: Spikes,
  words: (arena: Arena, out: number) => readonly Word[],
): void {
  const actual = runInParts((arena: Arena) => {
    const out = arena.reserve(expected.bits.length);
    const descriptor = arena.describe(words(arena, out));
    const results = () => ({ bits: arena.read(Uint8Array, out, expected.bits.length) });
    return { kernel, descriptor, units, results };
  }, expected.bits.length);
  expectSame(actual, { bits: expected.bits });
}

/** Sets what a condition says of timestep, sample, position and channel. */
function spikesWhere(
  { T, N, P, C, B }: Record<'T' | 'N' | 'P' | 'C' | 'B', number>,
  fires: (t: number, n: number, p: number, c: number) => boolean,
): Spikes {
  const spikes = createSpikes(T, N, P, bytesOf(C, B));
  for (let t = 0; t < T; t++)
    for (let n = 0; n < N; n++)
      for (let p = 0; p < P; p++)
        for (let c = 0; c < C; c++) if (fires(t, n, p, c)) setSpike(spikes, t, n, p, c);
  return spikes;
}

describe('a mask', () => {
  const random = createRandom(711);
  const cases = Array.from({ length: 20 }, (_, seed) => ({
    ...{ T: below(random, 3), N: below(random, 3), P: below(random, 20), seed },
    ...{ groups: below(random, 20), width: 8 * below(random, 9), B: [16, 32][seed % 2]! },
  }));

  test.each(cases)('of channels, $T x $N x $P, $groups x $width, blocks of $B', (it) => {
    const { T, N, P, groups, width, B, seed } = it;
    const values = createRandom(seed);
    const size = { T, N, P, C: groups * width, B };
    const [spikes, mask] = [
      blockSpikes(values, size, 0.5),
      blockSpikes(values, { ...size, P: 1 }, 0.5),
    ];
    const expected = spikesWhere(
      size,
      (t, n, p, c) => hasSpike(spikes, t, n, p, c) && hasSpike(mask, t, n, 0, c),
    );
    expectBits('maskChannels', N * P, expected, (arena, out) => [
      ...[arena.place(spikes.bits), arena.place(mask.bits), out, T, N, P, spikes.bytes],
    ]);
  });

  test.each(cases)('of groups, $T x $N x $P, $groups x $width, blocks of $B', (it) => {
    const { T, N, P, groups, width, B, seed } = it;
    const values = createRandom(seed);
    const size = { T, N, P, C: groups * width, B };
    const spikes = blockSpikes(values, size, 0.5);
    const mask = blockSpikes(values, { ...size, C: groups }, 0.5);
    const expected = spikesWhere(size, (t, n, p, c) => {
      return hasSpike(spikes, t, n, p, c) && hasSpike(mask, t, n, p, Math.floor(c / width));
    });
    expectBits('maskGroups', N * P, expected, (arena, out) => [
      ...[arena.place(spikes.bits), arena.place(mask.bits), out, T, N, P, spikes.bytes],
      ...[groups, width / 8, mask.bytes],
    ]);
  });
});

describe('the largest of a window', () => {
  const random = createRandom(712);
  const cases = Array.from({ length: 40 }, (_, seed) => {
    const [H, W] = [below(random, 7), below(random, 7)];
    const [KH, KW] = [below(random, H), below(random, W)];
    return {
      ...{
        T: below(random, 3),
        N: below(random, 2),
        C: below(random, 150),
        B: [16, 32][seed % 2]!,
      },
      ...{ H, W, KH, KW, SH: below(random, 3), SW: below(random, 3) },
      ...{ top: random.below(KH), left: random.below(KW) },
      ...{ below: random.below(KH), right: random.below(KW), seed },
    };
  });

  test.each(cases)('of $KH x $KW in $C channels of $H x $W', (it) => {
    const { T, N, C, B, H, W, KH, KW, SH, SW, top, left, seed } = it;
    const spikes = blockSpikes(createRandom(seed), { T, N, P: H * W, C, B }, 0.2);
    const OH = Math.floor((H + top + it.below - KH) / SH) + 1;
    const OW = Math.floor((W + left + it.right - KW) / SW) + 1;
    const expected = spikesWhere({ T, N, P: OH * OW, C, B }, (t, n, p, c) => {
      for (let y = 0; y < KH; y++)
        for (let x = 0; x < KW; x++) {
          const row = Math.floor(p / OW) * SH - top + y;
          const column = (p % OW) * SW - left + x;
          const isInside = row >= 0 && row < H && column >= 0 && column < W;
          if (isInside && hasSpike(spikes, t, n, row * W + column, c)) return true;
        }
      return false;
    });
    expectBits('poolSpikes', N * OH, expected, (arena, out) => [
      ...[arena.place(spikes.bits), out, T, N, H, W, OH, OW, KH, KW, SH, SW],
      ...[top, left, spikes.bytes],
    ]);
  });
});

describe.each(['first', 'last'])('all spikes in one position, channels %s', (axis) => {
  const random = createRandom(713);
  const cases = Array.from({ length: 20 }, (_, seed) => ({
    ...{ T: below(random, 3), N: below(random, 3), P: below(random, 30), C: below(random, 70) },
    ...{ B: [16, 32][seed % 2]!, rate: [0, 0.2, 1][seed % 3]!, seed },
  }));

  test.each(cases)('$T x $N, $P positions of $C channels in blocks of $B, rate $rate', (it) => {
    const { T, N, P, C, B, rate, seed } = it;
    const spikes = blockSpikes(createRandom(seed), { T, N, P, C, B }, rate);
    const expected = spikesWhere({ T, N, P: 1, C: C * P, B }, (t, n, _, element) =>
      axis === 'first'
        ? hasSpike(spikes, t, n, element % P, Math.floor(element / P))
        : hasSpike(spikes, t, n, Math.floor(element / C), element % C),
    );
    expectBits('flattenSpikes', N * T, expected, (arena, out) => [
      ...[arena.place(spikes.bits), out, T, N, P, spikes.bytes, expected.bytes],
      ...(axis === 'first' ? [P, 1] : [1, C]),
    ]);
  });
});

describe('heads that lie side by side', () => {
  const random = createRandom(714);
  const cases = Array.from({ length: 30 }, (_, seed) => ({
    ...{ T: below(random, 3), N: below(random, 3), tokens: below(random, 9) },
    ...{ heads: below(random, 5), width: seed % 2 ? below(random, 50) : 16 * below(random, 4) },
    ...{ B: [16, 32][(seed >> 1) % 2]!, seed },
  }));

  test.each(cases)('come apart, $T x $N x $tokens, $heads of $width, blocks of $B', (it) => {
    const { T, N, tokens, heads, width, B, seed } = it;
    const size = { T, N, P: tokens, C: heads * width, B };
    const spikes = blockSpikes(createRandom(seed), size, 0.5);
    const expected = spikesWhere({ T, N, P: heads * tokens, C: width, B }, (t, n, p, c) =>
      hasSpike(spikes, t, n, p % tokens, Math.floor(p / tokens) * width + c),
    );
    expectBits('splitHeads', N * heads * tokens, expected, (arena, out) => [
      ...[arena.place(spikes.bits), out, T, N, tokens, heads, width],
      ...[spikes.bytes, expected.bytes],
    ]);
  });
});
