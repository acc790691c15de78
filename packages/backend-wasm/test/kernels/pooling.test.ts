import { createRandom, primitives, type Random, type Tensor } from '@spikeloom/ir';
import { avgPool2dGradient, maxPool2dGradient } from '@spikeloom/training';
import { describe, test } from 'vitest';
import { numbers, size } from '../../../backend-cpu/test/random-data.ts';
import { type Call, expectAgreement } from '../agreement.ts';

const { avgPool2d, maxPool2d } = primitives;

interface Windows {
  readonly kernel: [number, number];
  readonly stride: [number, number];
  readonly padding: [number, number, number, number];
}

const tiles: Windows = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] };

function anyWindows(random: Random): Windows {
  const kernel: [number, number] = [size(random, 4), size(random, 4)];
  const margin = (axis: 0 | 1): number => random.below(kernel[axis]);
  return {
    kernel,
    stride: [size(random, 3), size(random, 3)],
    padding: [margin(0), margin(0), margin(1), margin(1)],
  };
}

/** Calls of pooling and of its gradient on an image. Few different numbers: equal ones meet in a window. */
function callsOn(
  random: Random,
  shape: readonly number[],
  windows: Windows,
): Readonly<Record<'mean' | 'meanGradient' | 'maximum' | 'maximumGradient', Call>> {
  const x = numbers(random, shape, () => random.below(5) / 4);
  const counts = [0, 1].map((axis) => {
    const margins = windows.padding[2 * axis]! + windows.padding[2 * axis + 1]!;
    const length = shape[axis + 2]! + margins - windows.kernel[axis]!;
    return Math.floor(length / windows.stride[axis]!) + 1;
  });
  const pooled = [...shape.slice(0, 2), ...counts];
  const countPadding = random.below(2) === 0;
  const draw = (among: number): Tensor => numbers(random, pooled, () => random.below(among) / 4);
  return {
    mean: { op: avgPool2d, inputs: { x }, attributes: { ...windows, countPadding } },
    meanGradient: {
      op: avgPool2dGradient,
      inputs: { gradient: draw(99) },
      attributes: { ...windows, countPadding, size: shape.slice(2) },
    },
    maximum: { op: maxPool2d, inputs: { x }, attributes: windows },
    // Numbers that are the largest of a window, others that lie in it, and others yet.
    maximumGradient: {
      op: maxPool2dGradient,
      inputs: { x, pooled: draw(6), gradient: draw(99) },
      attributes: windows,
    },
  };
}

describe.each(['mean', 'meanGradient', 'maximum', 'maximumGradient'] as const)('%s', (kind) => {
  test('agrees with the reference for any windows', async () => {
    const random = createRandom(81);
    for (let round = 0; round < 40; round++) {
      const shape = [size(random, 2), size(random, 3), 4 + random.below(7), 4 + random.below(7)];
      await expectAgreement(callsOn(random, shape, anyWindows(random))[kind]);
    }
  });

  test('agrees with the reference for two-by-two tiles of any width', async () => {
    const random = createRandom(82);
    for (let width = 2; width < 25; width++)
      await expectAgreement(callsOn(random, [2, 2, 2 + (width % 5), width], tiles)[kind]);
  });

  test('agrees with the reference for windows of three columns, two apart, of any width', async () => {
    const random = createRandom(83);
    for (let width = 3; width < 30; width++) {
      const windows: Windows = {
        kernel: [1 + (width % 3), 3],
        stride: [2, 2],
        padding: [width % 2 && width % 3 ? 1 : 0, 0, width % 2, 1],
      };
      await expectAgreement(callsOn(random, [2, 2, 5, width], windows)[kind]);
    }
  });
});
