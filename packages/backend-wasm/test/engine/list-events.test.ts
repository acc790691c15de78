import { createRandom } from '@spikeloom/ir';
import { test } from 'vitest';
import { type Arena, expectSame, type Prepared, runInParts } from './kernels.ts';
import { bitTable, listEvents, randomSpikes } from './layouts.ts';

const random = createRandom(601);

const cases = Array.from({ length: 40 }, (_, index) => {
  const G = 1 + random.below(3);
  const size = {
    T: 1 + random.below(3),
    N: 1 + random.below(3),
    G,
    H: 1 + random.below(5),
    W: 1 + random.below(6),
    // Groups begin at bytes.
    Cg: G === 1 ? 1 + random.below(70) : 8 * (1 + random.below(9)),
  };
  const rate = [0, 0.1, 0.3, 1][index % 4]!;
  return { ...size, rate, firstSample: random.below(size.N), seed: index };
});

test.each(cases)(
  'spikes $T x $N, $G x $Cg channels, $H x $W pixels, rate $rate from sample $firstSample',
  ({ seed, rate, ...shape }) => {
    const { T, N, G, H, W, Cg, firstSample } = shape;
    const size = { ...shape, capacity: Math.ceil((W * Cg) / 8) * 8 + 8 };
    const spikes = randomSpikes(createRandom(seed), { T, N, P: H * W, C: G * Cg }, rate);
    const lines = (N - firstSample) * T * G * H;
    const prepare = (arena: Arena): Prepared => {
      const events = arena.reserve(2 * lines * size.capacity + 128);
      const starts = arena.reserve(4 * lines * (W + 1));
      const descriptor = arena.describe([
        arena.place(spikes.bits),
        events,
        starts,
        arena.place(bitTable()),
        ...[T, N, G, H, W, spikes.bytes, Cg, Math.ceil(Cg / 8), firstSample, size.capacity],
      ]);
      const results = (): { lists: Uint16Array } => ({
        lists: listsOf(
          arena.read(Uint16Array, events, lines * size.capacity),
          arena.read(Uint32Array, starts, lines * (W + 1)),
          W,
        ),
      });
      return { kernel: 'listEvents', descriptor, units: lines, results };
    };
    const expected = listEvents(spikes, size);
    const lists = listsOf(expected.events, expected.starts, W);
    expectSame(runInParts(prepare, seed), { lists });
  },
);

/** How many events every column has, and which: where a list lies in memory means nothing. */
function listsOf(events: Uint16Array, starts: Uint32Array, W: number): Uint16Array {
  const lists = Array.from(starts, (start, index) =>
    index % (W + 1) === W
      ? []
      : [starts[index + 1]! - start, ...events.subarray(start, starts[index + 1])],
  );
  return Uint16Array.from(lists.flat());
}
