import { SpikeloomError } from './error.ts';

/** A size: a number, or the name of a size that is known when the graph runs (`"N"`, the batch). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export type DType = 'float32' | 'int32' | 'bool';

/** What the numbers of a value can be. Event-driven kernels and energy counting read this. */
export type Signal =
  /** Any number. */
  | { readonly kind: 'real' }
  /** 0 or 1. */
  | { readonly kind: 'spike' }
  /**
   * Sparse signed levels of a multi-threshold neuron: 0, `positive * 2^(k / perOctave)` or
   * `-negative * 2^(k / perOctave)` for `k = 0 … levels - 1`.
   */
  | {
      readonly kind: 'graded';
      readonly positive: number;
      readonly negative: number;
      readonly levels: number;
      /** How many levels it takes to double; 1 where it is not said. */
      readonly perOctave?: number;
    };

/** The static type of a value in one timestep. */
export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly signal: Signal;
}

export const realSignal: Signal = { kind: 'real' };
export const spikeSignal: Signal = { kind: 'spike' };

/** A real float32 value of the given shape, the usual case. */
export function realType(shape: Shape): ValueType {
  return { shape, dtype: 'float32', signal: realSignal };
}

/** A spike train's value in one timestep: float32 zeros and ones. */
export function spikeType(shape: Shape): ValueType {
  return { shape, dtype: 'float32', signal: spikeSignal };
}

/** The levels a graded signal can take, from the most negative to the most positive, without zero. */
export function levelsOf(signal: Signal): number[] {
  if (signal.kind === 'spike') return [1];
  if (signal.kind === 'real') return [];
  const { positive, negative, levels, perOctave = 1 } = signal;
  const sizes = (base: number): number[] =>
    Array.from({ length: levels }, (_, k) => levelSize(base, k, perOctave));
  return [
    ...sizes(negative)
      .map((size) => -size)
      .toReversed(),
    ...sizes(positive),
  ];
}

/** The size of level `k` of a graded signal: `base * 2^(k / perOctave)`, whole octaves of it exact. */
export function levelSize(base: number, k: number, perOctave: number): number {
  return base * 2 ** ((k % perOctave) / perOctave) * 2 ** Math.floor(k / perOctave);
}

/** Whether a value is sparse events rather than ordinary numbers. */
export function isEvent(type: ValueType): boolean {
  return type.signal.kind !== 'real';
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

export function sameSignal(a: Signal, b: Signal): boolean {
  if (a.kind === 'graded' && b.kind === 'graded') {
    return (
      a.positive === b.positive &&
      a.negative === b.negative &&
      a.levels === b.levels &&
      (a.perOctave ?? 1) === (b.perOctave ?? 1)
    );
  }
  return a.kind === b.kind;
}

/** `[N, 50, 96]` */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** `float32 [N, 50, 96] spike` */
export function formatType(type: ValueType): string {
  const { signal } = type;
  const suffix =
    signal.kind === 'graded'
      ? ` graded(+${signal.positive}, -${signal.negative}, ${signal.levels} levels${signal.perOctave === undefined ? '' : `, ${signal.perOctave} per octave`})`
      : signal.kind === 'spike'
        ? ' spike'
        : '';
  return `${type.dtype} ${formatShape(type.shape)}${suffix}`;
}

/** Replaces named sizes by their numbers; a name without a number is an error. */
export function resolveShape(shape: Shape, sizes: Readonly<Record<string, number>>): number[] {
  return shape.map((dim) => {
    if (typeof dim === 'number') return dim;
    const size = sizes[dim];
    if (size === undefined) {
      throw new SpikeloomError({
        code: 'missing-input',
        message: `the size "${dim}" is not known`,
        fix: `give an input whose shape contains "${dim}"`,
      });
    }
    return size;
  });
}
