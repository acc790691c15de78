import { join } from 'node:path';
import { isSpikeloomError, SpikeloomError } from '@spikeloom/ir';
import { type Backend, throwIfAborted } from '@spikeloom/runtime';
import * as v from 'valibot';
import type { Context } from '../../context.ts';
import { registry } from '../../options.ts';
import { openRunStore, type RunStore } from '../run-store.ts';
import { type Anytime, anytimeExits, anytimeSchema } from './anytime.ts';
import type { ClassifierTask } from './classifier-task.ts';
import type { KnownGraph } from './graphs.ts';
import {
  type Energy,
  energyByShape,
  type Judgement,
  judgementSchema,
  judgeNetwork,
} from './judge.ts';
import { denseTransformer, type ModelName, modelsFor } from './networks.ts';
import { type ModelRuns, type Run, runModel, type RunOptions, runSchema } from './runs.ts';

export interface ExperimentOptions extends Omit<RunOptions, 'store' | 'runs'> {
  /** How often each network is trained; default: what suits the graph. */
  readonly runs: number | undefined;
  readonly models: readonly ModelName[] | undefined;
  /** What is finished here is not done again. */
  readonly folder: string;
  readonly backend: Backend;
}

/** What one model showed on one graph. */
export interface ModelResult extends ModelRuns {
  /** Of the first run. */
  readonly judgement: Judgement;
  /** Of the first run of the spiking network with linear scores. */
  readonly anytime: Anytime | undefined;
}

export interface GraphResult {
  readonly task: ClassifierTask;
  readonly models: readonly ModelResult[];
  /** What spiking networks are compared with; counted by shapes, trained or not. */
  readonly compared: Readonly<Record<'softmax' | 'denseLinear' | 'gcn', Energy>>;
}

const insideSchema = v.object({ judgement: judgementSchema, anytime: v.optional(anytimeSchema) });
type Inside = v.InferOutput<typeof insideSchema>;

/** Trains and judges every model on every graph, as far as that is not done yet. */
export async function runExperiment(
  graphs: readonly KnownGraph[],
  options: ExperimentOptions,
  context: Context,
): Promise<GraphResult[]> {
  const store = await openRunStore(options.folder, runSchema, registry);
  const inside = await openRunStore(join(options.folder, 'judged'), insideSchema, registry);
  const results: GraphResult[] = [];
  try {
    for (const known of graphs) {
      const task = await known.open();
      results.push(await runGraph(task, { ...options, store, inside }, context));
    }
  } catch (error) {
    if (isSpikeloomError(error) && error.code === 'aborted')
      context.say('stopped; the same command goes on with the run that was under way');
    throw error;
  }
  return results;
}

interface Work extends ExperimentOptions {
  readonly store: RunStore<Run>;
  readonly inside: RunStore<Inside>;
}

async function runGraph(
  task: ClassifierTask,
  { models: wanted, inside, ...options }: Work,
  context: Context,
): Promise<GraphResult> {
  const runs = options.runs ?? task.plan.runs;
  const all = modelsFor(task);
  const chosen = all.filter(({ name }) => wanted?.includes(name) ?? true);
  if (chosen.length === 0) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: task.id,
      message: 'no network that was asked for is trained on this graph; it would take too long',
      expected: all.map(({ name }) => name).join(', '),
    });
  }
  const models: ModelResult[] = [];
  for (const model of chosen) {
    const done = await runModel(task, model, { ...options, runs }, context);
    throwIfAborted(context.signal);
    const name = `${task.id}-${model.name}`;
    let found = await inside.find(name, done.recipe);
    if (!found) {
      context.say(`looking into ${model.title} on ${task.title}`);
      found = await lookInside(task, done, options.backend);
      await inside.save(name, done.recipe, found);
    }
    const { judgement, anytime } = found;
    models.push({ ...done, judgement, anytime });
  }
  const setting = { learningRate: 0, dropout: 0 };
  const gcn = all.find(({ name }) => name === 'gcn')!;
  return {
    task,
    models,
    compared: {
      softmax: energyByShape(task, denseTransformer('softmax'), setting),
      denseLinear: energyByShape(task, denseTransformer('linear'), setting),
      gcn: energyByShape(task, gcn, setting),
    },
  };
}

async function lookInside(
  task: ClassifierTask,
  { model, setting, network }: ModelRuns,
  backend: Backend,
): Promise<Inside> {
  const trained = await network();
  const judgement = await judgeNetwork(task, model, setting, trained, backend);
  if (model.name !== 'sghormer') return { judgement };
  const anytime = await anytimeExits(task, model, setting, trained, 1, backend);
  return { judgement, anytime };
}
