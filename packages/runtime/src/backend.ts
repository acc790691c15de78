import type { Graph, Registry, Tensor, ValueType } from '@spikeloom/ir';
import type { Tap } from './tap.ts';

/** Anything with an `aborted` flag; an `AbortSignal` is one. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

/** Turns graphs into programs. */
export interface Backend {
  readonly name: string;
  /** Checks the graph, lowers what this backend has no kernel for, and gets it ready to run. */
  compile(graph: Graph, options: CompileOptions): Promise<Program>;
}

export interface CompileOptions {
  /** The operators the graph may use. */
  readonly registry: Registry;
  /** `primitives` runs every operator by its lowering; for tests and for looking inside. Default `all`. */
  readonly kernels?: 'all' | 'primitives';
  /** Refs inside operators that taps will name; such operators run by their lowering. */
  readonly expose?: readonly string[];
  /** The size name that counts samples. Default `N`. */
  readonly batch?: string;
}

/** Inputs by name: a tensor is held for all timesteps, a list gives one tensor for each. */
export type Inputs = Readonly<Record<string, Tensor | readonly Tensor[]>>;

export interface StepsOptions {
  /** How many timesteps to run, T. */
  readonly timesteps: number;
  readonly signal?: Cancellation | undefined;
  readonly taps?: readonly Tap[];
  readonly profiler?: Profiler;
}

/** Learns how long each kernel call took. On a GPU that is the time to start it, not to finish it. */
export interface Profiler {
  /** A clock, such as `() => performance.now()`: the runtime has none of its own. */
  now(): number;
  record(call: {
    readonly op: string;
    readonly path: string;
    readonly step: number;
    readonly elapsed: number;
  }): void;
}

export interface RunOptions extends StepsOptions {
  /**
   * `step` (default) finishes one timestep before the next. `multi-step` runs stretches without state for
   * all timesteps at once: more memory, fewer calls, the same results.
   */
  readonly schedule?: 'step' | 'multi-step';
}

/** What comes out of one timestep. */
export interface Step {
  /** From 0. */
  readonly step: number;
  /** Outputs of this timestep by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Which samples of the first batch the rows are. */
  readonly samples: readonly number[];
  /** Leaves only these rows (positions in `samples`) in the batch from the next timestep on. */
  keep(rows: readonly number[]): void;
}

/** A graph that is ready to run. Runs are independent: every one starts with fresh states. */
export interface Program {
  readonly backend: string;
  /** The graph as it was given. */
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, ValueType>;
  readonly outputs: ReadonlyMap<string, ValueType>;
  /** The operators that run, after lowering: id and how many nodes. */
  readonly operators: ReadonlyMap<string, number>;
  /** Runs all timesteps; outputs have a leading time axis: `[T, …]`. */
  run(inputs: Inputs, options: RunOptions): Promise<Readonly<Record<string, Tensor>>>;
  /** Runs step by step: stop reading and the work stops. */
  steps(inputs: Inputs, options: StepsOptions): AsyncGenerator<Step, void, void>;
  /** A run in the caller's hands, for streams of unknown length. */
  open(held?: Readonly<Record<string, Tensor>>, options?: Omit<StepsOptions, 'timesteps'>): Session;
  /** Frees the weights; sessions that are open end. */
  dispose(): void;
}

/** One run, advanced by the caller. */
export interface Session {
  /** The next timestep's index. */
  readonly step: number;
  /** Runs one timestep with the inputs that are not held. */
  advance(inputs?: Readonly<Record<string, Tensor>>): Promise<Step>;
  /** Sets all states to their initial values and the step to 0; held inputs stay. */
  reset(): void;
  dispose(): void;
}
