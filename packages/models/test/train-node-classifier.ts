import { attention } from '@spikeloom/attention';
import { type GraphData, nodeAccuracy, nodeInputs, nodeTargets } from '@spikeloom/datasets';
import { createRegistry, type Graph, type Tensor } from '@spikeloom/ir';
import { batchStatistics, withStatistics } from '@spikeloom/models';
import type { Backend } from '@spikeloom/runtime';
import { adam, createTrainer, meanOutputLoss, training } from '@spikeloom/training';

const registry = createRegistry([attention, training]);

export interface NodeTraining {
  readonly steps: number;
  readonly learningRate: number;
  readonly seed?: number;
}

/** Trains on all nodes of a graph at once, by the classes of a few; gives the accuracy on those of its test. */
export async function trainNodeClassifier(
  network: Graph,
  data: GraphData,
  backend: Backend,
  { steps, learningRate, seed = 0 }: NodeTraining,
): Promise<{ readonly accuracy: number; readonly losses: readonly number[] }> {
  const [split] = data.splits;
  const inputs = nodeInputs(data);
  const targets = nodeTargets(data, split!.train);
  const trainer = createTrainer(network, {
    backend,
    registry,
    timesteps: 1,
    batch: 'V',
    loss: meanOutputLoss(),
    optimiser: adam(),
    seed,
  });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++)
    losses.push((await trainer.step(inputs, targets, { learningRate })).loss);
  const trained = trainer.graph();
  trainer.dispose();
  const awake = await measured(trained, inputs, backend);
  const program = await backend.compile(awake, { registry, batch: 'V' });
  const { logits } = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  return { accuracy: nodeAccuracy(data, logits!, split!.test), losses };
}

/** The network with the statistics of the whole graph, if it has a use for them. */
export async function measured(
  network: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  backend: Backend,
  batch = 'V',
): Promise<Graph> {
  if (!network.nodes.some(({ op }) => op === 'spikeloom/buffer')) return network;
  const program = await backend.compile(batchStatistics(network, registry), { registry, batch });
  const found = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  return withStatistics(network, found);
}
