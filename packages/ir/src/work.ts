import type { Tensor } from './tensor.ts';

/** The kinds of arithmetic that hardware prices differently. */
export type Arithmetic = 'add' | 'multiply' | 'divide' | 'compare' | 'special';

/**
 * The arithmetic an operator does in one timestep, for shapes that are numbers. Energy counting adds this
 * up; for a contraction it also looks at how many elements of each event operand are non-zero.
 */
export type Work =
  /** Moves or renames data. */
  | { readonly kind: 'none' }
  /** So many operations for every element of the output. */
  | {
      readonly kind: 'elementwise';
      readonly operations: Readonly<Partial<Record<Arithmetic, number>>>;
    }
  /** One operation for every element of an input. */
  | { readonly kind: 'reduction'; readonly operation: Arithmetic; readonly input: string }
  /** Products summed up: dense it costs `macs` multiply-accumulates, event-driven it costs one addition per event and target. */
  | Contraction
  /** Reads and writes a state once per timestep. */
  | { readonly kind: 'state' };

export interface Contraction {
  readonly kind: 'contraction';
  readonly macs: number;
  readonly operands: readonly ContractionOperand[];
}

/** How the events of one operand spread. */
export interface ContractionOperand {
  readonly input: string;
  /** The axes to keep when counting non-zero elements; the other axes are summed up. */
  readonly keep: readonly number[];
  /** How many outputs one event reaches, along the kept axes where that differs. */
  readonly fanOut: number | Tensor;
}
