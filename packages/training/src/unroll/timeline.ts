import type { Builder, Value } from '@spikeloom/ir';

/**
 * A value over all timesteps: the same at each, one value per step, or all steps along the first axis,
 * `[T * N, …]`, step-major.
 */
export type Timeline =
  | { readonly kind: 'still'; readonly value: Value }
  | { readonly kind: 'steps'; readonly values: readonly Value[] }
  | { readonly kind: 'folded'; readonly value: Value };

export function still(value: Value): Timeline {
  return { kind: 'still', value };
}

export function folded(value: Value): Timeline {
  return { kind: 'folded', value };
}

/** Turns timelines into one another. Parts that were cut or joined once are found again. */
export interface Folding {
  readonly timesteps: number;
  /** All steps along the first axis; the value must have the batch there. */
  fold(timeline: Timeline): Value;
  /** The value at one step. */
  at(timeline: Timeline, step: number): Value;
  /** With an axis of time in front: `[T, …]`. */
  stack(timeline: Timeline): Value;
}

export function createFolding(b: Builder, timesteps: number): Folding {
  const folds = new Map<Timeline, Value>();
  const cuts = new Map<Timeline, readonly Value[]>();

  const fold = (timeline: Timeline): Value => {
    if (timeline.kind === 'folded') return timeline.value;
    const known = folds.get(timeline);
    if (known) return known;
    const made = joinRows(b, stepsOf(timeline));
    folds.set(timeline, made);
    return made;
  };
  const stepsOf = (timeline: Timeline): readonly Value[] => {
    if (timeline.kind === 'steps') return timeline.values;
    if (timeline.kind === 'still') return Array.from({ length: timesteps }, () => timeline.value);
    const known = cuts.get(timeline);
    if (known) return known;
    const rows = Number(timeline.value.type.shape[0]) / timesteps;
    const made = Array.from({ length: timesteps }, (_, step) =>
      timesteps === 1 ? timeline.value : b.slice(timeline.value, 0, step * rows, rows),
    );
    cuts.set(timeline, made);
    return made;
  };
  return {
    timesteps,
    fold,
    at: (timeline, step) => stepsOf(timeline)[step]!,
    stack(timeline) {
      if (timeline.kind === 'folded') {
        const [rows, ...rest] = timeline.value.type.shape;
        return b.reshape(timeline.value, [timesteps, Number(rows) / timesteps, ...rest]);
      }
      return joinRows(
        b,
        stepsOf(timeline).map((value) => b.reshape(value, [1, ...value.type.shape])),
      );
    },
  };
}

function joinRows(b: Builder, values: readonly Value[]): Value {
  return values.length === 1 ? values[0]! : b.concat(values, 0);
}
