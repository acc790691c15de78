import type { Graph } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import * as v from 'valibot';
import type { Context } from '../../context.ts';
import type { RunStore } from '../run-store.ts';
import { spread } from '../spread.ts';
import type { ClassifierTask } from './classifier-task.ts';
import type { Model, Setting } from './networks.ts';
import { accuracyOf, rocAreaOf } from './scores.ts';
import { score, trainClassifier } from './train-classifier.ts';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const amount = v.pipe(v.number(), v.minValue(0));

/** One training. */
export const runSchema = v.object({
  run: amount,
  epoch: amount,
  validationAccuracy: share,
  testAccuracy: share,
  /** Where there are two classes. */
  rocArea: v.optional(share),
  seconds: amount,
});
export type Run = v.InferOutput<typeof runSchema>;

/** All trainings of one model for one task. */
export interface ModelRuns {
  readonly model: Model;
  readonly setting: Setting;
  /** How many settings were tried. */
  readonly tried: number;
  readonly runs: readonly Run[];
  /** What the first run depends on. */
  readonly recipe: string;
  /** The network of the first run. */
  network(): Promise<Graph>;
}

export interface RunOptions {
  readonly backend: Backend;
  readonly store: RunStore<Run>;
  /** How many settings are tried at most; 1 takes the first of each model. */
  readonly settings: number;
  readonly runs: number;
  /** At most. */
  readonly epochs: number;
}

/**
 * Chooses a model's setting by the validation accuracy of one training each, the first of equals, and trains it as
 * often as asked. What is kept in the store is not done again.
 */
export async function runModel(
  task: ClassifierTask,
  model: Model,
  options: RunOptions,
  context: Context,
): Promise<ModelRuns> {
  const settings = model.settings(task).slice(0, options.settings);
  const first: Run[] = [];
  for (const setting of settings)
    first.push(await runOnce(task, model, setting, 1, options, context));
  const accuracies = first.map(({ validationAccuracy }) => validationAccuracy);
  const setting = settings[accuracies.indexOf(Math.max(...accuracies))]!;
  const runs: Run[] = [];
  for (let run = 1; run <= options.runs; run++)
    runs.push(await runOnce(task, model, setting, run, options, context));
  return {
    model,
    setting,
    tried: settings.length,
    runs,
    recipe: recipeOf(task, model, setting, options.epochs),
    async network() {
      const kept = await options.store.network(nameOf(task, model, setting, 1));
      return kept ?? (await train(task, model, setting, 1, options, context)).network;
    },
  };
}

/** Test accuracy over the runs. */
export function accuracyOfRuns({ runs }: Pick<ModelRuns, 'runs'>): ReturnType<typeof spread> {
  return spread(runs.map(({ testAccuracy }) => testAccuracy));
}

async function runOnce(
  task: ClassifierTask,
  model: Model,
  setting: Setting,
  run: number,
  options: RunOptions,
  context: Context,
): Promise<Run> {
  const { store } = options;
  const name = nameOf(task, model, setting, run);
  const recipe = recipeOf(task, model, setting, options.epochs);
  const known = await store.find(name, recipe);
  if (known) return known;
  const { result, network } = await train(task, model, setting, run, options, context);
  await store.save(name, recipe, result, network);
  return result;
}

async function train(
  task: ClassifierTask,
  model: Model,
  setting: Setting,
  run: number,
  { backend, epochs: most }: RunOptions,
  context: Context,
): Promise<{ readonly result: Run; readonly network: Graph }> {
  const epochs = Math.min(most, task.plan.epochs);
  const progress = context.progress(`${task.title}, ${model.title}, run ${run}`, epochs);
  try {
    const lesson = task.lesson(run);
    const trained = await trainClassifier(
      model.build({ shape: task.shape, setting, seed: run }),
      task,
      {
        lesson,
        learningRate: setting.learningRate,
        epochs,
        seed: run,
        backend,
        signal: context.signal,
        onEpoch: (epoch) => progress.update(epoch),
      },
    );
    const { graph, seconds, epoch, validationAccuracy } = trained;
    const scored = await score(graph, task.kind, lesson.evaluation, 'test', backend);
    const rocArea = rocAreaOf(scored);
    const result = {
      run,
      epoch,
      validationAccuracy,
      testAccuracy: accuracyOf(scored),
      ...(rocArea === undefined ? {} : { rocArea }),
      seconds,
    };
    return { result, network: graph };
  } finally {
    progress.stop();
  }
}

function nameOf({ id }: ClassifierTask, { name }: Model, setting: Setting, run: number): string {
  return [id, name, ...Object.values(setting), run].join('-');
}

function recipeOf(
  { shape, plan, examples: [example] }: ClassifierTask,
  { title }: Model,
  setting: Setting,
  most: number,
): string {
  const { epochs, every, patience, decay } = plan;
  return JSON.stringify({
    title,
    setting,
    shape,
    // Other data of the same shape would hardly have as many edges.
    sizes: example?.sizes,
    plan: { epochs: Math.min(epochs, most), every, patience, decay },
  });
}
