import type { Builder, Value } from '@spikeloom/ir';

/** How weights follow their gradients. */
export interface Optimiser {
  /** `vendor/name`. */
  readonly id: string;
  /** What it remembers of every weight, by name; each begins as zeros of the weight's shape. */
  readonly slots: readonly string[];
  build(b: Builder, call: OptimiserCall): OptimiserResult;
}

export interface OptimiserCall {
  /** The weight's node id, for exceptions by name. */
  readonly path: string;
  readonly weight: Value;
  readonly gradient: Value;
  /** What it remembered of this weight. */
  slot(name: string): Value;
  /** Shape `[]`. */
  readonly learningRate: Value;
  /** How many steps there have been, this one included: 1, 2, …; shape `[]`. */
  readonly iteration: Value;
}

export interface OptimiserResult {
  readonly weight: Value;
  readonly slots: Readonly<Record<string, Value>>;
}
