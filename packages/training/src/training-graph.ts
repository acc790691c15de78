import {
  type Builder,
  createBuilder,
  type Graph,
  type Ref,
  type Registry,
  SpikeloomError,
  type Value,
  valueTypes,
} from '@spikeloom/ir';
import { dropoutForm } from './forms/dropout.ts';
import { firingRateScaleForm } from './forms/firing-rate-scale.ts';
import { integrateAndFireForm, lifForm } from './forms/neurons.ts';
import { batchNormForm, temporalBatchNormForm } from './forms/normalisation.ts';
import { trackedReluForm } from './forms/tracked-relu.ts';
import { inEarlyOrder } from './early-order.ts';
import { differentiate } from './gradients/differentiate.ts';
import { collectRules } from './gradients/index.ts';
import type { Loss } from './losses/loss.ts';
import type { Optimiser } from './optimisers/optimiser.ts';
import { neuronNodes, type Regulariser } from './regularisers/regulariser.ts';
import { isRight, isRightAtEnd } from './regularisers/right-samples.ts';
import type { TrainingForm } from './unroll/training-form.ts';
import { unroll, type Unrolled } from './unroll/unroll.ts';

/** A regulariser and how much it counts. */
export interface WeightedRegulariser {
  readonly regulariser: Regulariser;
  /** What its term is multiplied by. */
  readonly weight: number;
}

export interface TrainingGraphOptions {
  readonly registry: Registry;
  /** T. */
  readonly timesteps: number;
  /** Samples of a batch. */
  readonly batchSize: number;
  readonly loss: Loss;
  readonly regularisers: readonly WeightedRegulariser[];
  readonly optimiser: Optimiser;
  /** Gradients longer than this, all weights together, are shortened to it. */
  readonly clipNorm?: number | undefined;
  /** Stretches of the network whose values are computed again on the way back; 1 keeps all. */
  readonly recompute?: number | undefined;
  /** Inputs that are given for every timestep. */
  readonly sequences: ReadonlySet<string>;
  /** The output that holds the logits, `[N, C]`. */
  readonly output: string;
  readonly batch: string;
  /** The numbers behind other named sizes. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** `update` gives new weights, `gradients` only what they would be made of. */
  readonly result: 'update' | 'gradients';
}

/** The names of a training graph's own inputs and outputs. */
export const names = {
  target: 'training.target',
  learningRate: 'training.learning-rate',
  iteration: 'training.iteration',
  loss: 'loss',
  taskLoss: 'task-loss',
  correct: 'correct',
  firingRate: 'firing-rate',
  regulariser: (id: string) => `regulariser ${id}`,
  weight: (path: string) => `weight ${path}`,
  slot: (name: string, path: string) => `training.slot.${name}.${path}`,
  gradient: (path: string) => `gradient ${path}`,
} as const;

const objective = 'objective';

/** One whole training step as a graph without states: weights go in, new weights (or gradients) come out. */
export function trainingGraph(source: Graph, options: TrainingGraphOptions): Graph {
  const { registry, timesteps, batchSize } = options;
  const b = createBuilder({ name: `${source.name} in training` });
  const network = unroll(b, source, {
    registry,
    timesteps,
    batch: options.batch,
    sizes: { ...options.sizes, [options.batch]: batchSize },
    sequences: options.sequences,
    forms: collectForms(registry),
    keeps: keepsWhole(registry),
  });
  addObjective(b, source, network, options);
  const trainable = source.nodes
    .filter(({ op, attributes }) => op === 'spikeloom/param' && attributes['trainable'] !== false)
    .map(({ id }) => id);
  const forward = withEarlyObjective(b.build());
  const { builder, value, gradients } = differentiate(forward, {
    registry,
    of: forward.outputs[names.loss]!,
    wrt: trainable,
    recompute: options.recompute,
  });
  for (const [name, ref] of Object.entries(forward.outputs)) builder.output(name, value(ref));
  if (options.result === 'gradients') {
    for (const [path, gradient] of gradients) builder.output(names.gradient(path), gradient);
  } else {
    addUpdate(builder, new Map(trainable.map((id) => [id, value(id)])), gradients, options);
  }
  return builder.build();
}

/** What a regulariser or a log makes of a layer is made while the layer is there. */
function withEarlyObjective(forward: Graph): Graph {
  const first = forward.nodes.findIndex(({ id }) => id.startsWith(`${objective}.`));
  return inEarlyOrder(forward, first);
}

/** Every training form of this package and of the registry's plugins, by operator; a plugin's own comes first. */
export function collectForms(registry: Registry): ReadonlyMap<string, TrainingForm> {
  const own = [
    batchNormForm,
    dropoutForm,
    firingRateScaleForm,
    integrateAndFireForm,
    lifForm,
    temporalBatchNormForm,
    trackedReluForm,
  ];
  const theirs = registry.plugins.flatMap((plugin) => plugin.trainingForms ?? []);
  return new Map([...own, ...theirs].map((form) => [form.op, form]));
}

function keepsWhole(registry: Registry): (op: { readonly id: string }) => boolean {
  const rules = collectRules(registry);
  return ({ id }) => rules.has(id);
}

/** The loss, the terms added to it, and what a log shows. */
function addObjective(
  b: Builder,
  source: Graph,
  { folding, timeline, statistics }: Unrolled,
  { timesteps, batchSize, loss, regularisers, output }: TrainingGraphOptions,
): void {
  const logits = folding.stack(timeline(outputRef(source, output)));
  const classes = Number(logits.type.shape[2]);
  if (logits.type.shape.length !== 3) {
    throw new SpikeloomError({
      code: 'shape-mismatch',
      path: output,
      message: 'training needs one row of logits per sample',
      expected: '[N, classes]',
      got: `[${valueTypes(source).get(outputRef(source, output))?.shape.join(', ')}]`,
    });
  }
  const target = b.input(names.target, [batchSize, classes]);
  const scope = b.scope(objective);
  const taskLoss = loss.build(scope.scope('loss'), { logits, target });
  const call = {
    graph: source,
    timesteps,
    logits,
    target,
    tap: (ref: Ref) => folding.stack(timeline(ref)),
    correct: (steps: number) => isRightAtEnd(scope, logits, target, steps),
  };
  let total = taskLoss;
  regularisers.forEach(({ regulariser, weight }, index) => {
    const term = regulariser.build(scope.scope(`regulariser-${index}`), call);
    b.output(names.regulariser(regulariser.id), term);
    if (weight !== 0) total = scope.add(total, scope.mul(term, weight));
  });
  b.output(names.loss, total);
  if (total !== taskLoss) b.output(names.taskLoss, taskLoss);
  const mean = scope.mean(logits, [0]);
  b.output(names.correct, scope.sum(isRight(scope, mean, target), [0]));
  const rates = neuronNodes(source).map(({ id }) => {
    const spikes = folding.fold(timeline(`${id}.spikes`));
    return scope.mean(
      spikes,
      spikes.type.shape.map((_, axis) => axis),
    );
  });
  if (rates.length > 0) {
    const sum = rates.reduce((left, right) => scope.add(left, right));
    b.output(names.firingRate, scope.mul(sum, 1 / rates.length));
  }
  for (const [path, next] of statistics) b.output(names.weight(path), next);
}

function addUpdate(
  b: Builder,
  weights: ReadonlyMap<string, Value>,
  gradients: ReadonlyMap<string, Value>,
  { optimiser, clipNorm }: TrainingGraphOptions,
): void {
  const learningRate = b.input(names.learningRate, []);
  const iteration = b.input(names.iteration, []);
  const scope = b.scope('update');
  const scale = clipNorm === undefined ? undefined : clipScale(scope, gradients, clipNorm);
  for (const [path, weight] of weights) {
    const gradient = gradients.get(path)!;
    const { shape } = weight.type;
    const result = optimiser.build(scope.scope(path), {
      path,
      weight,
      gradient: scale ? scope.mul(gradient, scale) : gradient,
      slot: (name) => b.input(names.slot(name, path), shape),
      learningRate,
      iteration,
    });
    b.output(names.weight(path), result.weight);
    for (const [name, next] of Object.entries(result.slots)) b.output(names.slot(name, path), next);
  }
}

/** What brings the length of all gradients together down to the limit. */
function clipScale(b: Builder, gradients: ReadonlyMap<string, Value>, limit: number): Value {
  const squares = [...gradients.values()].map((gradient) =>
    b.sum(
      b.mul(gradient, gradient),
      gradient.type.shape.map((_, axis) => axis),
    ),
  );
  const length = b.sqrt(squares.reduce((sum, square) => b.add(sum, square)));
  return b.minimum(b.div(limit, b.add(length, 1e-6)), 1);
}

function outputRef(graph: Graph, output: string): Ref {
  const ref = graph.outputs[output];
  if (ref !== undefined) return ref;
  throw new SpikeloomError({
    code: 'unknown-value',
    path: output,
    message: 'the graph has no such output',
    expected: Object.keys(graph.outputs).join(', '),
  });
}
