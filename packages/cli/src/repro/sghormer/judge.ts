import {
  countFixed,
  createMeter,
  fullCounting,
  horowitz45nm,
  priceOf,
  sghormerCounting,
} from '@spikeloom/energy';
import { type Graph, sizeOf } from '@spikeloom/ir';
import { foldRectify } from '@spikeloom/models';
import { type Backend, neuronLayers, type Tap } from '@spikeloom/runtime';
import * as v from 'valibot';
import { registry } from '../../options.ts';
import type { ClassifierTask, Example } from './classifier-task.ts';
import type { Model, Setting } from './networks.ts';

const amount = v.pipe(v.number(), v.minValue(0));

/** Millijoules of one inference: over the whole graph, or over one graph of a set, mean over some of them. */
export const energySchema = v.object({
  /** As papers on spiking graph networks count. */
  lean: amount,
  /** Every operation. */
  full: amount,
});
export type Energy = v.InferOutput<typeof energySchema>;

/** What a network costs, and how its neurons fire. */
export const judgementSchema = v.object({
  parameters: amount,
  energy: energySchema,
  /** Of a spiking network: spikes per neuron and timestep by layer, and mean over layers. */
  firing: v.optional(
    v.object({
      rate: amount,
      layers: v.array(v.object({ path: v.string(), rate: amount })),
      /** The relative distance between what rectify blocks give and what their neurons were given, mean over blocks. */
      rectifyError: amount,
    }),
  ),
});
export type Judgement = v.InferOutput<typeof judgementSchema>;

/** Counts the operations of a trained network on the examples of its task. */
export async function judgeNetwork(
  task: ClassifierTask,
  model: Model,
  setting: Setting,
  network: Graph,
  backend: Backend,
): Promise<Judgement> {
  const parameters = network.nodes
    .filter(({ op }) => op === 'spikeloom/param')
    .reduce((sum, { outputs }) => sum + sizeOf(outputs['out']!.shape as readonly number[]), 0);
  if (!model.isSpiking) return { parameters, energy: energyByShape(task, model, setting) };
  const { weights } = network;
  const parts: (Look & { readonly energy: Energy })[] = [];
  for (const example of task.examples) {
    const { sizes } = example;
    const sized = (errors: boolean): Graph => {
      const options = { shape: task.shape, setting: { ...setting, dropout: 0 }, sizes };
      return { ...model.build({ ...options, spiking: { errors } }), weights };
    };
    const energy = await energyOfRun(sized(false), example, backend);
    parts.push({ energy, ...(await look(sized(true), example, backend)) });
  }
  const mean = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((sum, part) => sum + of(part), 0) / parts.length;
  const layers = parts[0]!.rates.map(({ path }, index) => ({
    path,
    rate: mean(({ rates }) => rates[index]!.rate),
  }));
  return {
    parameters,
    energy: { lean: mean(({ energy }) => energy.lean), full: mean(({ energy }) => energy.full) },
    firing: {
      rate: layers.reduce((sum, { rate }) => sum + rate, 0) / layers.length,
      layers,
      rectifyError: mean(({ error }) => error),
    },
  };
}

/** What a network without spikes costs, by its shapes alone. */
export function energyByShape(task: ClassifierTask, model: Model, setting: Setting): Energy {
  const energies = task.examples.map(({ sizes }) => {
    const graph = model.build({ shape: task.shape, setting: { ...setting, dropout: 0 }, sizes });
    const price = ({ terms }: typeof fullCounting): number =>
      priceOf(countFixed(terms(graph, registry)), horowitz45nm) / 1e9;
    return { lean: price(sghormerCounting), full: price(fullCounting) };
  });
  const mean = (name: keyof Energy): number =>
    energies.reduce((sum, energy) => sum + energy[name], 0) / energies.length;
  return { lean: mean('lean'), full: mean('full') };
}

async function energyOfRun(graph: Graph, { inputs }: Example, backend: Backend): Promise<Energy> {
  const folded = foldRectify(graph, registry);
  const meter = createMeter(folded, { registry, countings: [sghormerCounting, fullCounting] });
  const program = await backend.compile(folded, { registry, expose: meter.expose });
  try {
    await program.run(inputs, { timesteps: 1, taps: meter.start(1) });
  } finally {
    program.dispose();
  }
  const [lean, full] = meter.report().map(({ meanPicojoules }) => meanPicojoules[0]! / 1e9);
  return { lean: lean!, full: full! };
}

interface Look {
  readonly rates: readonly { readonly path: string; readonly rate: number }[];
  readonly error: number;
}

/** Firing rates and reconstruction errors, of a network that has its errors as outputs. */
async function look(graph: Graph, { inputs }: Example, backend: Backend): Promise<Look> {
  const rates: { readonly path: string; readonly rate: number }[] = [];
  const taps = neuronLayers(graph, registry).map(({ path, neurons }): Tap => ({
    at: path,
    countNonZero: { keep: [0] },
    // The first axis of a train is time.
    observe: ({ value: { data } }) =>
      rates.push({
        path: path.replace(/:spikes$/, ''),
        rate: sumOf(data) / (data.length * neurons),
      }),
  }));
  const program = await backend.compile(graph, { registry });
  try {
    const outputs = await program.run(inputs, { timesteps: 1, taps });
    const errors = Object.entries(outputs).filter(([name]) => name.endsWith('.error'));
    const error = errors.reduce((sum, [, { data }]) => sum + data[0]!, 0) / errors.length;
    return { rates, error };
  } finally {
    program.dispose();
  }
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
