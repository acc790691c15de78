import { createRandom } from '@spikeloom/ir';
import { describe, test } from 'vitest';
import {
  type Case,
  expectedOf,
  outputSize,
  prepare,
  randomCase,
  type Shape,
} from './convolution-case.ts';
import { expectSame, runInParts } from './kernels.ts';
import { blocksOf, lanesOf } from './layouts.ts';
import { neuronVariants } from './neurons.ts';

function expectCase(it: Case): void {
  const [B, [OH, OW]] = [lanesOf[it.mode], outputSize(it)];
  const blocks = blocksOf(it.C, B);
  // Lanes that are no channels may keep any potential.
  expectSame(
    runInParts((arena) => prepare(arena, it), it.seed),
    expectedOf(it),
    { potentials: (at) => (Math.floor(at / (B * OH * OW)) % blocks) * B + (at % B) < it.C },
  );
}

const named = (it: Case): Case & { readonly name: string } => {
  const groups = it.G === 1 ? '' : `${it.G} groups, `;
  const sizes = `${it.T} x ${it.N} x ${it.H} x ${it.W}, ${groups}${it.G * it.Cg} to ${it.C} channels`;
  return { ...it, name: `${it.kernel.join(' x ')} on ${sizes}, rate ${it.rate}` };
};

describe.each(['f32', 'i16', 'i8'] as const)('with %s weights', (mode) => {
  const random = createRandom(mode === 'f32' ? 611 : 612);
  const below = (limit: number): number => 1 + random.below(limit);

  const pixels = Array.from({ length: 24 }, (_, index) => {
    const N = below(3);
    const G = index % 4 === 3 ? 2 : 1;
    const shape: Shape = {
      ...{ T: index === 5 ? 70 : below(5), N, firstSample: random.below(N) },
      ...{ G, Cg: G === 1 ? below(150) : 8 * below(9) },
      ...{ C: G === 1 ? below(100) : G * lanesOf[mode] * below(2), H: below(40), W: 1 },
      ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
    };
    return named(randomCase(shape, mode, 1000 + index));
  });

  test.each(pixels)('one pixel: $name', expectCase);

  const windows = Array.from({ length: 36 }, (_, index) => {
    const N = below(2);
    const G = index % 3 === 2 ? below(3) : 1;
    const kernel = [below(4), below(4)] as const;
    const padding = [random.below(3), random.below(3)] as const;
    const shape: Shape = {
      ...{ T: index === 7 ? 66 : below(4), N, firstSample: random.below(N) },
      ...{ G, Cg: G === 1 ? below(40) : 8 * below(4) },
      C: G === 1 ? below(70) : G * lanesOf[mode] * below(2),
      H: Math.max(kernel[0], below(8)),
      W: Math.max(kernel[1], below(8)),
      ...{ kernel, stride: [below(3), below(3)] as const, padding },
    };
    return named(randomCase(shape, mode, 2000 + index));
  });

  test.each(windows)('windows: $name', expectCase);

  test('a tile of windows ends where its lists have no more room', () => {
    const shape: Shape = {
      ...{ T: 4, N: 1, firstSample: 0, G: 1, Cg: 300, C: 40, H: 5, W: 7 },
      ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1] },
    };
    expectCase({ ...randomCase(shape, mode, 3000), rate: 0.9 });
  });

  test.each(neuronVariants.map((neuron, index) => ({ neuron, index })))(
    'neurons $neuron',
    ({ neuron, index }) => {
      const shape: Shape = {
        ...{ T: 6, N: 2, firstSample: 1, G: 1, Cg: 20, C: 41, H: 4, W: 1 },
        ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
      };
      expectCase({ ...randomCase(shape, mode, 4000 + index), rate: 0.4, neuron });
    },
  );
});

describe.each(['i16', 'i8'] as const)('%s weights as large as they may be', (mode) => {
  test.each([519, 520])('do not overflow when all %i inputs fire', (Cg) => {
    const shape: Shape = {
      ...{ T: 3, N: 1, firstSample: 0, G: 1, Cg, C: 70, H: 5, W: 1 },
      ...{ kernel: [1, 1], stride: [1, 1], padding: [0, 0] },
    };
    for (const rate of [0.5, 1]) {
      expectCase({ ...randomCase(shape, mode, 5000 + Cg), rate, isExtreme: true });
    }
  });

  test('do not overflow in windows', () => {
    const shape: Shape = {
      ...{ T: 2, N: 1, firstSample: 0, G: 2, Cg: 56, C: 128, H: 4, W: 5 },
      ...{ kernel: [3, 3], stride: [1, 1], padding: [1, 1] },
    };
    expectCase({ ...randomCase(shape, mode, 6000), rate: 1, isExtreme: true });
  });
});
