/** What the reference code gave on the bundled network. */
export interface ReferenceRun {
  readonly title: string;
  /** The setting of ours that is the same, if there is one. */
  readonly setting?: string;
  /** The first so many of the test images. */
  readonly images: number;
  /** Of the trained network on them. */
  readonly annAccuracy: number;
  readonly points: readonly ReferencePoint[];
}

export interface ReferencePoint {
  readonly timesteps: number;
  /** As a fraction. */
  readonly accuracy: number;
  /** A share of the trained network's, counted as the paper does. */
  readonly energyRatio: number;
}

const timesteps = [1, 2, 4, 8] as const;

/** Of the trained network on the first 250 and 1,000 test images. */
const trained: Readonly<Record<number, number>> = { 250: 0.908, 1000: 0.897 };

/**
 * ECMT (arXiv 2502.21193): the authors' classes with their defaults and with some of them changed, thresholds from the
 * first 2,000 training images. `x 1/4`: calibrated bases divided by four; `nearest`: levels fire half-way between
 * them. Differential coding is that of the successor's code.
 */
export const referenceRuns: readonly ReferenceRun[] = [
  run('defaults', 1000, [56.3, 86.1, 88.5, 89.2], [0.077, 0.188, 0.407, 0.846], 'ecmt'),
  run('6 levels', 250, [54.4, 82.8, 90.4, 90.8], [0.077, 0.187, 0.405, 0.842], 'ecmt-levels-6'),
  run('4 levels', 250, [32.8, 59.6, 77.2, 83.6], [0.076, 0.184, 0.399, 0.828], 'ecmt-levels-4'),
  run(
    'soft-max base 0.05',
    250,
    [59.2, 87.2, 89.2, 90.4],
    [0.074, 0.184, 0.4, 0.828],
    'ecmt-softmax-base-0.05',
  ),
  run(
    'soft-max base 0.003125',
    250,
    [56.8, 82.8, 90.8, 90.8],
    [0.077, 0.19, 0.412, 0.856],
    'ecmt-softmax-base-0.003125',
  ),
  run(
    'no override of fc2',
    250,
    [52.8, 86.8, 91.2, 90.8],
    [0.058, 0.156, 0.349, 0.737],
    'ecmt-no-fc2',
  ),
  run('bases x 1/2', 250, [85.6, 89.2, 91.2, 90.8], [0.123, 0.261, 0.538, 1.094]),
  run('bases x 1/4', 250, [79.2, 87.2, 90.4, 91.2], [0.163, 0.33, 0.668, 1.345]),
  run('bases x 1/8', 250, [65.2, 81.6, 88.8, 90], [0.188, 0.377, 0.756, 1.513]),
  run('nearest', 250, [56.4, 85.2, 90, 90], [0.077, 0.191, 0.415, 0.866]),
  run('bases x 1/2, nearest', 250, [85.6, 90, 90.8, 90.8], [0.124, 0.263, 0.541, 1.1]),
  run('bases x 1/4, nearest', 250, [89.2, 90.4, 90.8, 90.4], [0.162, 0.329, 0.666, 1.342]),
  run('bases x 1/8, nearest', 250, [90, 88.8, 90.4, 90.4], [0.185, 0.372, 0.747, 1.499]),
  run('differential, bases x 1', 250, [8.4, 57.2, 87.6, 90.4], [0.018, 0.099, 0.231, 0.419]),
  run('differential, bases x 1/4', 250, [84.8, 89.2, 90, 90.8], [0.09, 0.204, 0.31, 0.449]),
];

function run(
  title: string,
  images: number,
  percent: readonly number[],
  energy: readonly number[],
  setting?: string,
): ReferenceRun {
  const points = timesteps.map((step, index) => ({
    timesteps: step,
    accuracy: percent[index]! / 100,
    energyRatio: energy[index]!,
  }));
  return {
    title,
    ...(setting === undefined ? {} : { setting }),
    images,
    annAccuracy: trained[images]!,
    points,
  };
}
