import {
  type Graph,
  graphInputs,
  hasNaN,
  type Registry,
  SpikeloomError,
  type Tensor,
  tensor,
  sizeOf,
  valueTypes,
} from '@spikeloom/ir';
import type { Backend, Cancellation, Program } from '@spikeloom/runtime';
import type { Loss } from './losses/loss.ts';
import { checkTrainer, outputOf } from './check-trainer.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { targetCount, targetDistribution } from './target-distribution.ts';
import { names, trainingGraph, type WeightedRegulariser } from './training-graph.ts';
import { randomKeyName } from './unroll/unroll.ts';

export interface TrainerOptions {
  readonly backend: Backend;
  /** The operators of the graph and those of this package: `createRegistry([neurons, training])`. */
  readonly registry: Registry;
  /** T, the timesteps a batch runs for. 1 for a network without neurons. */
  readonly timesteps: number;
  readonly loss: Loss;
  readonly regularisers?: readonly WeightedRegulariser[];
  readonly optimiser: Optimiser;
  /** Gradients longer than this, all weights together, are shortened to it. Default: none are. */
  readonly clipNorm?: number;
  /**
   * For networks that need too much memory: how many stretches the network is cut into. Only values at the cuts are kept,
   * the others are computed again on the way back; gradients are the same to the bit. Default 1: all are kept.
   */
  readonly recompute?: number;
  /** Inputs that are given for every timestep, `[T * N, …]`, step-major; the others are held. Default: none. */
  readonly sequences?: readonly string[];
  /** The output with the logits, `[N, C]`. Default: the only one. */
  readonly output?: string;
  /** The size name that counts samples, the first axis of the output. Default `N`. */
  readonly batch?: string;
  /** Decides dropout. Default 0. */
  readonly seed?: number;
}

/** What one step did. */
export interface StepMetrics {
  /** What was minimised, regularisers included. */
  readonly loss: number;
  /** The loss without regularisers. */
  readonly taskLoss: number;
  /** The terms of the regularisers by id, before their weights. */
  readonly regularisers: Readonly<Record<string, number>>;
  /** Samples whose mean output over time is right. */
  readonly correct: number;
  /** Those that have a target; a row of zeros is none. */
  readonly samples: number;
  /** Spikes per neuron and timestep, mean over layers; 0 without neurons. */
  readonly firingRate: number;
}

/** Everything a trainer needs to go on where another one stopped. */
export interface TrainerState {
  /** Weights and statistics by node id. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** What the optimiser remembers, as `<slot>/<node id>`. */
  readonly slots: ReadonlyMap<string, Tensor>;
  /** Steps done. */
  readonly iteration: number;
}

export interface StepOptions {
  readonly learningRate: number;
  readonly signal?: Cancellation | undefined;
}

/** Trains one network, batch by batch. */
export interface Trainer {
  /** What it was made with. */
  readonly options: TrainerOptions;
  /**
   * One step: forward over all timesteps, back, and new weights.
   *
   * @param inputs by name, `[N, …]`, or `[T * N, …]` for sequences
   * @param target class numbers, one per sample, or a distribution `[N, C]`
   */
  step(
    inputs: Readonly<Record<string, Tensor>>,
    target: ArrayLike<number> | Tensor,
    options: StepOptions,
  ): Promise<StepMetrics>;
  /** The gradients a step would use, by node id; changes nothing. */
  gradients(
    inputs: Readonly<Record<string, Tensor>>,
    target: ArrayLike<number> | Tensor,
  ): Promise<ReadonlyMap<string, Tensor>>;
  /** The network with the weights it has now. */
  graph(): Graph;
  state(): TrainerState;
  restore(state: TrainerState): void;
  dispose(): void;
}

/** Prepares the training of a network by back-propagation through time. The graph itself is not changed. */
export function createTrainer(graph: Graph, options: TrainerOptions): Trainer {
  return new GraphTrainer(graph, options);
}

type Result = 'update' | 'gradients';

class GraphTrainer implements Trainer {
  readonly #source: Graph;
  readonly #options: TrainerOptions;
  readonly #output: string;
  readonly #batch: string;
  readonly #programs = new Map<string, Promise<Program>>();
  #weights: Map<string, Tensor>;
  #slots = new Map<string, Tensor>();
  #iteration = 0;

  constructor(source: Graph, options: TrainerOptions) {
    checkTrainer(source, options);
    this.#source = source;
    this.#options = options;
    this.#output = outputOf(source, options);
    this.#batch = options.batch ?? 'N';
    this.#weights = new Map(source.weights);
  }

  get options(): TrainerOptions {
    return this.#options;
  }

  async step(
    inputs: Readonly<Record<string, Tensor>>,
    target: ArrayLike<number> | Tensor,
    { learningRate, signal }: StepOptions,
  ): Promise<StepMetrics> {
    const outputs = await this.#run('update', inputs, target, learningRate, signal);
    const number = (name: string): number => outputs[name]?.data[0] ?? 0;
    const loss = number(names.loss);
    if (!Number.isFinite(loss)) throw this.#notFinite('the loss', loss);
    for (const name of this.#weights.keys()) {
      const next = outputs[names.weight(name)];
      if (next && hasNaN(next.data)) throw this.#notFinite(`the new ${name}`, Number.NaN);
    }
    for (const name of this.#weights.keys()) {
      const next = outputs[names.weight(name)];
      if (next) this.#weights.set(name, withoutTime(next));
      for (const slot of this.#options.optimiser.slots) {
        const kept = outputs[names.slot(slot, name)];
        if (kept) this.#slots.set(`${slot}/${name}`, withoutTime(kept));
      }
    }
    this.#iteration += 1;
    const terms = this.#options.regularisers ?? [];
    return {
      loss,
      taskLoss: names.taskLoss in outputs ? number(names.taskLoss) : loss,
      regularisers: Object.fromEntries(
        terms.map(({ regulariser: { id } }) => [id, number(names.regulariser(id))]),
      ),
      correct: number(names.correct),
      samples: targetCount(target),
      firingRate: number(names.firingRate),
    };
  }

  async gradients(
    inputs: Readonly<Record<string, Tensor>>,
    target: ArrayLike<number> | Tensor,
  ): Promise<ReadonlyMap<string, Tensor>> {
    const outputs = await this.#run('gradients', inputs, target, 0, undefined);
    const found = [...this.#weights.keys()].flatMap((path) => {
      const gradient = outputs[names.gradient(path)];
      return gradient ? [[path, withoutTime(gradient)] as const] : [];
    });
    return new Map(found);
  }

  graph(): Graph {
    return { ...this.#source, weights: new Map(this.#weights) };
  }

  state(): TrainerState {
    return {
      weights: new Map(this.#weights),
      slots: new Map(this.#slots),
      iteration: this.#iteration,
    };
  }

  restore({ weights, slots, iteration }: TrainerState): void {
    for (const [path, { shape }] of this.#weights) {
      const given = weights.get(path)?.shape;
      if (given?.join() === shape.join()) continue;
      throw new SpikeloomError({
        code: 'checkpoint-mismatch',
        path,
        message: 'the state is of another network',
        expected: `[${shape.join(', ')}]`,
        got: given ? `[${given.join(', ')}]` : 'nothing',
      });
    }
    for (const [key, { shape }] of slots) this.#checkSlot(key, shape);
    this.#weights = new Map([...this.#weights.keys()].map((path) => [path, weights.get(path)!]));
    this.#slots = new Map(slots);
    this.#iteration = iteration;
  }

  dispose(): void {
    for (const program of this.#programs.values()) {
      void program.then(
        (ready) => ready.dispose(),
        // Whoever wanted that program has been told why there is none.
        () => undefined,
      );
    }
    this.#programs.clear();
  }

  async #run(
    result: Result,
    inputs: Readonly<Record<string, Tensor>>,
    target: ArrayLike<number> | Tensor,
    learningRate: number,
    signal: StepOptions['signal'],
  ): Promise<Readonly<Record<string, Tensor>>> {
    const samples = this.#samplesOf(inputs);
    const sizes = { ...this.#sizesOf(inputs), [this.#batch]: samples };
    const program = await this.#programFor(sizes, result);
    const classes = Number(program.inputs.get(names.target)!.shape[1]);
    const fed: Record<string, Tensor> = {
      ...inputs,
      [names.target]: targetDistribution(target, samples, classes),
    };
    if (result === 'update') {
      fed[names.learningRate] = tensor([learningRate], []);
      fed[names.iteration] = tensor([this.#iteration + 1], []);
    }
    for (const [path, weight] of this.#weights) {
      fed[path] = weight;
      for (const slot of this.#options.optimiser.slots) {
        const name = names.slot(slot, path);
        if (program.inputs.has(name))
          fed[name] = this.#slots.get(`${slot}/${path}`) ?? zerosLike(weight);
      }
    }
    if (program.inputs.has(randomKeyName)) fed[randomKeyName] = tensor([this.#randomKey()], []);
    return program.run(fed, { timesteps: 1, signal });
  }

  #checkSlot(key: string, shape: readonly number[]): void {
    const [slot, path] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)];
    const weight = this.#options.optimiser.slots.includes(slot) && this.#weights.get(path);
    if (weight && weight.shape.join() === shape.join()) return;
    throw new SpikeloomError({
      code: 'checkpoint-mismatch',
      path: key,
      message: `${this.#options.optimiser.id} remembers no such tensor: the state is of another training`,
      expected: weight ? `[${weight.shape.join(', ')}]` : 'nothing',
      got: `[${shape.join(', ')}]`,
    });
  }

  #notFinite(what: string, got: number): SpikeloomError {
    return new SpikeloomError({
      code: 'not-a-number',
      path: `step ${this.#iteration + 1}`,
      message: `${what} is not a finite number; the weights were left as they were`,
      got: `${got}`,
      fix: 'lower the learning rate, clip gradients (clipNorm), or look for very large numbers in the data',
    });
  }

  /** Whole numbers up to 2^24, so that float32 holds them. */
  #randomKey(): number {
    const mixed = Math.imul((this.#options.seed ?? 0) + 1, 0x9e3779b1) + this.#iteration;
    return (mixed >>> 0) % 2 ** 24;
  }

  #samplesOf(inputs: Readonly<Record<string, Tensor>>): number {
    const { timesteps, sequences = [] } = this.#options;
    const [rowsOfOutput] = valueTypes(this.#source).get(this.#source.outputs[this.#output]!)!.shape;
    if (typeof rowsOfOutput === 'number') return rowsOfOutput;
    const [name] = [...graphInputs(this.#source)]
      .filter(([input, { shape }]) => shape[0] === this.#batch && input in inputs)
      .map(([input]) => input);
    const isSequence = name !== undefined && sequences.includes(name);
    const rows = name === undefined ? 0 : (inputs[name]!.shape[0] ?? 0);
    const samples = isSequence ? rows / timesteps : rows;
    if (Number.isInteger(samples) && samples > 0) return samples;
    throw new SpikeloomError({
      code: samples === 0 ? 'empty-batch' : 'shape-mismatch',
      path: name ?? 'inputs',
      message: 'the batch has no whole number of samples',
      expected: isSequence ? `[T * ${this.#batch}, …]` : `[${this.#batch}, …]`,
      got: `${rows} rows`,
    });
  }

  /** The numbers behind the other named sizes of the inputs. */
  #sizesOf(inputs: Readonly<Record<string, Tensor>>): Record<string, number> {
    const { sequences = [] } = this.#options;
    const named = [...graphInputs(this.#source)].flatMap(([input, { shape }]) =>
      shape.flatMap((dim, axis) => {
        const size = inputs[input]?.shape[axis];
        const isFolded = axis === 0 && sequences.includes(input);
        return typeof dim === 'number' || size === undefined || isFolded ? [] : [[dim, size]];
      }),
    );
    return Object.fromEntries(named);
  }

  /** Training graphs have fixed sizes; the last batch of an epoch may be smaller than the others. */
  #programFor(sizes: Readonly<Record<string, number>>, result: Result): Promise<Program> {
    const key = `${result} ${JSON.stringify(sizes)}`;
    const known = this.#programs.get(key);
    if (known) return known;
    const { backend, registry, regularisers = [], sequences = [] } = this.#options;
    const graph = trainingGraph(this.#source, {
      ...this.#options,
      regularisers,
      batchSize: sizes[this.#batch]!,
      sizes,
      result,
      sequences: new Set(sequences),
      output: this.#output,
      batch: this.#batch,
      clipNorm: this.#options.clipNorm,
    });
    const made = backend.compile(graph, { registry });
    this.#programs.set(key, made);
    // What there was no memory for may have room the next time.
    made.catch(() => this.#programs.delete(key));
    return made;
  }
}

/** Programs put a time axis in front of their outputs; a training step has one timestep. */
function withoutTime({ shape, dtype, data }: Tensor): Tensor {
  return { shape: shape.slice(1), dtype, data };
}

function zerosLike({ shape }: Tensor): Tensor {
  return tensor(new Float32Array(sizeOf(shape)), shape);
}
