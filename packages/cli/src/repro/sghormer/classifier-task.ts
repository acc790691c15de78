import type { Tensor } from '@spikeloom/ir';

/** Nodes of one graph, or whole graphs, that are to be classified. */
export interface ClassifierTask {
  /** Also the name of a file without its ending. */
  readonly id: string;
  readonly title: string;
  readonly kind: 'nodes' | 'graphs';
  /** What every network for it is told. */
  readonly shape: TaskShape;
  readonly plan: Plan;
  /** How many splits there are; with one of them, runs differ by their seeds alone. */
  readonly splits: number;
  /** @param run from 1: the seed, and which split it is where there are several */
  lesson(run: number): Lesson;
  /** Graphs one by one, with their sizes, to count operations on. */
  readonly examples: readonly Example[];
}

export interface TaskShape {
  readonly features: number;
  readonly classes: number;
  readonly task: 'nodes' | 'graphs';
  readonly input: 'dense' | 'sparse';
  /** Of the one graph, for a network on sparse features. */
  readonly nodes?: number;
}

/** How networks are trained for a task, all of them alike. */
export interface Plan {
  /** At most. */
  readonly epochs: number;
  /** Epochs between two looks at the validation part. */
  readonly every: number;
  /** Epochs without a better look after which training ends. */
  readonly patience: number;
  /** Dropout rates to choose between. */
  readonly dropouts: readonly number[];
  /** L2 regularisation. */
  readonly decay: number;
  /** How often each network is trained with the chosen setting. */
  readonly runs: number;
}

/** One split of a task, as batches. */
export interface Lesson {
  readonly training: readonly TrainingBatch[];
  readonly evaluation: readonly EvaluationBatch[];
}

type Inputs = Readonly<Record<string, Tensor>>;

export interface TrainingBatch {
  readonly inputs: Inputs;
  /** The class of every row, or a distribution. */
  readonly target: ArrayLike<number> | Tensor;
}

export interface EvaluationBatch {
  readonly inputs: Inputs;
  /** The class of every row of the logits. */
  readonly labels: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/** A graph whose sizes are known. */
export interface Example {
  readonly inputs: Inputs;
  readonly sizes: Readonly<Partial<Record<'nodes' | 'edges' | 'graphs' | 'nonZeros', number>>>;
}
