import { type Random, SpikeloomError } from '@spikeloom/ir';
import type { NodeSplit } from './graph-data.ts';

export interface RandomSplitOptions {
  /** Nodes of every class to train on. Default 20. */
  readonly train?: number;
  /** Nodes of every class to choose the model by. Default 30. */
  readonly validation?: number;
}

/**
 * Draws a split: so many of every class to train on and to validate, the rest to test. Nodes without a class
 * (-1) are left out.
 *
 * Source: Shchur et al. (2018), arXiv 1811.05868, section 4.
 */
export function randomSplit(
  labels: Int32Array,
  random: Random,
  { train = 20, validation = 30 }: RandomSplitOptions = {},
): NodeSplit {
  const parts: Record<keyof NodeSplit, number[]> = { train: [], validation: [], test: [] };
  for (const [label, members] of byClass(labels, random)) {
    if (members.length <= train + validation) {
      throw new SpikeloomError({
        code: 'invalid-argument',
        path: 'randomSplit',
        message: `class ${label} has too few members for this split`,
        expected: `more than ${train + validation}`,
        got: `${members.length}`,
      });
    }
    parts.train.push(...members.slice(0, train));
    parts.validation.push(...members.slice(train, train + validation));
    parts.test.push(...members.slice(train + validation));
  }
  return {
    train: Int32Array.from(parts.train).toSorted(),
    validation: Int32Array.from(parts.validation).toSorted(),
    test: Int32Array.from(parts.test).toSorted(),
  };
}

/**
 * Cross-validation: as many splits as folds, every member in the test part of exactly one, classes spread evenly.
 * The fold after the one for testing is that for validation.
 */
export function stratifiedFolds(labels: Int32Array, folds: number, random: Random): NodeSplit[] {
  if (!(Number.isInteger(folds) && folds >= 3 && folds <= labels.length)) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'stratifiedFolds',
      message: 'every fold is for testing once, for validation once, and else for training',
      expected: `3 to ${labels.length}`,
      got: `${folds}`,
    });
  }
  const foldOf = new Int32Array(labels.length).fill(-1);
  let next = 0;
  for (const [, members] of byClass(labels, random))
    for (const member of members) foldOf[member] = next++ % folds;
  const members = (wanted: (fold: number) => boolean): Int32Array =>
    Int32Array.from([...foldOf.keys()].filter((one) => foldOf[one]! >= 0 && wanted(foldOf[one]!)));
  return Array.from({ length: folds }, (_, fold) => {
    const after = (fold + 1) % folds;
    return {
      train: members((one) => one !== fold && one !== after),
      validation: members((one) => one === after),
      test: members((one) => one === fold),
    };
  });
}

/** The members of each class in random order. */
function byClass(labels: Int32Array, random: Random): (readonly [number, number[]])[] {
  const classes = [...new Set(labels)].filter((label) => label >= 0).toSorted((a, b) => a - b);
  return classes.map((label) => {
    const members = [...labels.keys()].filter((member) => labels[member] === label);
    return [label, random.shuffle(members)] as const;
  });
}
