import type { Json, Problem, Tensor } from '@spikeloom/ir';
import { SpikeloomError } from '@spikeloom/ir';
import type { ExitRule } from '@spikeloom/runtime';

/** A rule that stops a sample as soon as its answer is sure. */
export interface Policy {
  /** `vendor/name`. */
  readonly id: string;
  /** What was calibrated, as JSON, so that it can be saved with a model. */
  readonly settings: Readonly<Record<string, Json>>;
  /** Looks at the output summed up so far; used by `runUntil`. */
  readonly exit: ExitRule;
}

/** Makes a policy from its saved settings. */
export interface PolicyKind {
  readonly id: string;
  readonly summary: string;
  restore(settings: Readonly<Record<string, Json>>): Policy;
}

declare module '@spikeloom/ir' {
  interface PluginContributions {
    /** Kinds of cutoff policies. */
    readonly policies?: readonly PolicyKind[];
  }
}

/** The form a policy takes in a model's metadata. */
export interface SavedPolicy {
  readonly id: string;
  readonly settings: Readonly<Record<string, Json>>;
}

/** What to store in a model's metadata, under `cutoff`. */
export function savePolicy({ id, settings }: Policy): SavedPolicy {
  return { id, settings };
}

/** The policy that was saved. */
export function restorePolicy(saved: SavedPolicy, kinds: readonly PolicyKind[]): Policy {
  const kind = kinds.find(({ id }) => id === saved.id);
  if (kind) return kind.restore(saved.settings);
  throw new SpikeloomError({
    code: 'not-found',
    path: 'cutoff',
    message: 'no plugin has this cutoff policy',
    expected: kinds.map(({ id }) => id).join(', '),
    got: saved.id,
  });
}

/** The largest logit minus the second largest, for every row of `[rows, classes]`. */
export function gaps({ shape, data }: Pick<Tensor, 'shape' | 'data'>): Float32Array {
  const classes = shape.at(-1)!;
  if (shape.length !== 2 || classes < 2) throw notClassifier(shape);
  return Float32Array.from({ length: shape[0]! }, (_, row) => {
    let first = -Infinity;
    let second = -Infinity;
    for (let index = row * classes; index < (row + 1) * classes; index++) {
      const value = data[index]!;
      if (value > first) {
        second = first;
        first = value;
      } else if (value > second) second = value;
    }
    return first - second;
  });
}

/** The class with the largest logit, for every row; the first of equal ones. */
export function predictions({ shape, data }: Pick<Tensor, 'shape' | 'data'>): Int32Array {
  const classes = shape.at(-1)!;
  return Int32Array.from({ length: data.length / classes }, (_, row) => {
    let best = 0;
    for (let index = 1; index < classes; index++) {
      if (data[row * classes + index]! > data[row * classes + best]!) best = index;
    }
    return best;
  });
}

function notClassifier(shape: readonly number[]): SpikeloomError {
  const problem: Problem = {
    code: 'shape-mismatch',
    path: 'cutoff',
    message: 'a policy looks at logits',
    expected: '[samples, 2 or more classes]',
    got: `[${shape.join(', ')}]`,
  };
  return new SpikeloomError(problem);
}
