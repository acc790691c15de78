import { createRandom } from '@spikeloom/ir';
import { describe, test } from 'vitest';
import { type Arena, expectSame, runInParts } from './kernels.ts';
import { blocksOf, createSpikes, currentAt, hasSpike, randomSpikes, setSpike } from './layouts.ts';

const random = createRandom(641);
const below = (limit: number): number => 1 + random.below(limit);

/** Orders of timestep, sample, channel and position in memory. */
const orders = ['tncp', 'tnpc', 'ncpt', 'npct', 'ptnc', 'cptn'];

const cases = Array.from({ length: 30 }, (_, seed) => {
  const size = { t: below(4), n: below(3), c: below(80), p: below(20) };
  const order = orders[seed % orders.length]!;
  let step = 1;
  const strides = { t: 0, n: 0, c: 0, p: 0 };
  for (const axis of order.split('').reverse() as (keyof typeof size)[]) {
    strides[axis] = step;
    step *= size[axis];
  }
  return { size, strides, order, B: [16, 32][below(2) - 1]!, numbers: step, seed };
});
type Case = (typeof cases)[number];

interface Place {
  readonly t: number;
  readonly n: number;
  readonly c: number;
  readonly p: number;
}

function eachPlace({ size }: Case, visit: (place: Place) => void): void {
  for (let n = 0; n < size.n; n++)
    for (let c = 0; c < size.c; c++)
      for (let p = 0; p < size.p; p++) for (let t = 0; t < size.t; t++) visit({ t, n, c, p });
}

const elementOf = ({ strides }: Case, { t, n, c, p }: Place): number =>
  t * strides.t + n * strides.n + c * strides.c + p * strides.p;

const sizesOf = ({ size, strides, B }: Case, wide: number): number[] => [
  ...[size.t, size.n, size.p, size.c, wide || B],
  ...[strides.t, strides.n, strides.c, strides.p],
];

const normals = (length: number, seed: number): Float32Array => {
  const values = createRandom(seed);
  return new Float32Array(length).map(() => values.normal());
};

const lengthOf = ({ size, B }: Case): number => size.n * blocksOf(size.c, B) * size.p * size.t * B;

const placeOf = ({ size, B }: Case, place: Place): number =>
  currentAt({ C: size.c, P: size.p, T: size.t, B }, place);

describe('numbers and currents', () => {
  test.each(cases)('numbers in order $order, $size, to blocks of $B', (it) => {
    const numbers = normals(it.numbers, it.seed);
    const expected = new Float32Array(lengthOf(it));
    eachPlace(it, (place) => {
      expected[placeOf(it, place)] = numbers[elementOf(it, place)]!;
    });
    const actual = runInParts((arena: Arena) => {
      const to = arena.reserve(4 * lengthOf(it));
      const descriptor = arena.describe([arena.place(numbers), to, ...sizesOf(it, 0)]);
      return {
        ...{ kernel: 'toCurrents', descriptor, units: it.size.n * it.size.p },
        results: () => ({ currents: arena.read(Float32Array, to, lengthOf(it)) }),
      };
    }, it.seed);
    expectSame(actual, { currents: expected });
  });

  test.each(cases)('blocks of $B to numbers in order $order, $size', (it) => {
    const currents = normals(lengthOf(it), it.seed);
    const expected = new Float32Array(it.numbers);
    eachPlace(it, (place) => {
      expected[elementOf(it, place)] = currents[placeOf(it, place)]!;
    });
    const actual = runInParts((arena: Arena) => {
      const to = arena.reserve(4 * it.numbers);
      const descriptor = arena.describe([to, arena.place(currents), ...sizesOf(it, 0)]);
      return {
        ...{ kernel: 'fromCurrents', descriptor, units: it.size.n * it.size.p },
        results: () => ({ numbers: arena.read(Float32Array, to, it.numbers) }),
      };
    }, it.seed);
    expectSame(actual, { numbers: expected });
  });
});

describe('numbers and spikes', () => {
  test.each(cases)('numbers in order $order, $size, to bits', (it) => {
    const { t: T, n: N, p: P, c: C } = it.size;
    const values = createRandom(it.seed);
    const choices = [0, -0, 1, 0.5, -2, 1e-40, Number.NaN];
    const numbers = new Float32Array(it.numbers).map(() => choices[values.below(choices.length)]!);
    const expected = createSpikes(T, N, P, Math.ceil(C / 8) + (it.seed % 3));
    eachPlace(it, (place) => {
      if (numbers[elementOf(it, place)] !== 0) {
        setSpike(expected, place.t, place.n, place.p, place.c);
      }
    });
    const actual = runInParts((arena: Arena) => {
      const to = arena.reserve(expected.bits.length);
      const sizes = sizesOf(it, expected.bytes);
      const descriptor = arena.describe([arena.place(numbers), to, ...sizes]);
      return {
        ...{ kernel: 'toSpikes', descriptor, units: N * P },
        results: () => ({ bits: arena.read(Uint8Array, to, expected.bits.length) }),
      };
    }, it.seed);
    expectSame(actual, { bits: expected.bits });
  });

  test.each(cases)('bits to numbers in order $order, $size', (it) => {
    const { t: T, n: N, p: P, c: C } = it.size;
    const spikes = randomSpikes(createRandom(it.seed), { T, N, P, C }, 0.3);
    const expected = new Float32Array(it.numbers);
    eachPlace(it, (place) => {
      const { t, n, p, c } = place;
      expected[elementOf(it, place)] = hasSpike(spikes, t, n, p, c) ? 2.5 : 0;
    });
    const actual = runInParts((arena: Arena) => {
      const to = arena.reserve(4 * it.numbers);
      const sizes = [...sizesOf(it, spikes.bytes), { float: 2.5 }];
      const descriptor = arena.describe([to, arena.place(spikes.bits), ...sizes]);
      return {
        ...{ kernel: 'fromSpikes', descriptor, units: N * P },
        results: () => ({ numbers: arena.read(Float32Array, to, it.numbers) }),
      };
    }, it.seed);
    expectSame(actual, { numbers: expected });
  });
});

const { fround } = Math;
const sums = [
  { aSteps: 3, bSteps: 3 },
  { aSteps: 1, bSteps: 3 },
  { aSteps: 3, bSteps: 1 },
  { aSteps: 1, bSteps: 1 },
].flatMap((steps) => [16, 32].map((B) => ({ ...steps, B })));

test.each(sums)('currents of $aSteps and of $bSteps timesteps add up', ({ aSteps, bSteps, B }) => {
  const [T, N, NB, P] = [3, 2, 3, 5];
  const units = N * NB * P;
  const [a, b] = [normals(units * aSteps * B, 1), normals(units * bSteps * B, 2)];
  const expected = new Float32Array(units * T * B).map((_, index) => {
    const [unit, t, lane] = [Math.floor(index / (T * B)), Math.floor(index / B) % T, index % B];
    const at = (steps: number): number => (unit * steps + (steps === 1 ? 0 : t)) * B + lane;
    return fround(a[at(aSteps)]! + b[at(bSteps)]!);
  });
  const actual = runInParts((arena: Arena) => {
    const to = arena.reserve(4 * expected.length);
    const addresses = [arena.place(a), aSteps, arena.place(b), bSteps, to];
    const descriptor = arena.describe([...addresses, T, P, B, N, NB]);
    return {
      ...{ kernel: 'addCurrents', descriptor, units },
      results: () => ({ out: arena.read(Float32Array, to, expected.length) }),
    };
  }, 3);
  expectSame(actual, { out: expected });
});
