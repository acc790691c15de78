import type { ImageSource } from '@spikeloom/datasets';
import { createMeter, spikingResformerCounting } from '@spikeloom/energy';
import type { Graph } from '@spikeloom/ir';
import { type Backend, type NeuronLayer, neuronLayers, throwIfAborted } from '@spikeloom/runtime';
import type { Context } from '../../context.ts';
import { imagesFor } from '../../images.ts';
import { measure } from '../../measure.ts';
import { registry } from '../../options.ts';
import { openAttention } from './open-attention.ts';
import type { SmallResult, StageRates } from './result.ts';
import { recipe } from './small-network.ts';
import { macsOf } from './variants.ts';

/** What test images tell of a network. */
export type Judgement = Pick<
  SmallResult,
  'accuracyPerTimestep' | 'testImages' | 'stages' | 'sops' | 'rate'
>;

/** Runs a trained network over test images: accuracy, firing rates by stage, and operations. */
export async function judgeSmallNetwork(
  trained: Graph,
  source: ImageSource,
  { backend, count }: { readonly backend: Backend; readonly count: number },
  context: Context,
): Promise<Judgement> {
  const { timesteps } = recipe;
  const graph = openAttention(trained, registry);
  const meter = createMeter(graph, { registry, countings: [spikingResformerCounting] });
  const program = await backend.compile(graph, { registry, expose: meter.expose });
  try {
    const measured = await measure(
      program,
      imagesFor(graph, source, count),
      { title: 'testing', timesteps, batch: 100, meter },
      context,
    );
    // A part of the images would pass for all of them in the next report.
    throwIfAborted(context.signal);
    const [report] = meter.report();
    const spikes = report!.steps.reduce((sum, { ac }) => sum + ac, 0);
    const { all, real } = macsOf(graph);
    const sops = spikes / measured.samples;
    return {
      accuracyPerTimestep: measured.accuracy,
      testImages: measured.samples,
      stages: ratesByStage(neuronLayers(graph, registry), measured.firingRates),
      sops,
      rate: sops / (timesteps * (all - real)),
    };
  } finally {
    program.dispose();
  }
}

/** The layers of each stage together, every neuron counting the same. */
function ratesByStage(
  layers: readonly NeuronLayer[],
  rates: ReadonlyMap<string, readonly number[]>,
): StageRates[] {
  const stages = new Map<number, { neurons: number; spikes: number[] }>();
  for (const { path, neurons } of layers) {
    const stage = Number(path.split('.')[1]);
    const total = stages.get(stage) ?? { neurons: 0, spikes: [] };
    stages.set(stage, total);
    total.neurons += neurons;
    rates.get(path)!.forEach((rate, step) => {
      total.spikes[step] = (total.spikes[step] ?? 0) + rate * neurons;
    });
  }
  return [...stages].map(([stage, { neurons, spikes }]) => ({
    stage,
    rates: spikes.map((count) => count / neurons),
  }));
}
