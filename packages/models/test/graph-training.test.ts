import { attention } from '@spikeloom/attention';
import {
  type GraphData,
  graphBatch,
  inducedSubgraph,
  karateClub,
  nodeInputs,
  nodeTargets,
  partitionGraph,
  readEdgeList,
  stochasticBlockModel,
} from '@spikeloom/datasets';
import { createRandom, createRegistry } from '@spikeloom/ir';
import { gcn, sghormer } from '@spikeloom/models';
import { adam, createTrainer, meanOutputLoss, training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { measured, trainNodeClassifier } from './train-node-classifier.ts';

const registry = createRegistry([attention, training]);
const [, wasm] = backends[2]!;
const options = { batch: 'V', backend: wasm, registry, timesteps: 1 } as const;
const objective = { loss: meanOutputLoss(), optimiser: adam() } as const;

describe('on the karate club, from two of 34 members', () => {
  const club = karateClub();
  const shape = { features: 34, classes: 2, width: 16, seed: 2 } as const;

  test.each([
    ['SGHormer with spiking scores', sghormer({ ...shape, preset: 'paper' })],
    ['SGHormer with linear scores', sghormer({ ...shape, preset: 'large' })],
    ['a GCN', gcn(shape)],
  ])('%s finds most of the others', async (_, network) => {
    const found = await trainNodeClassifier(network, club, wasm, { steps: 40, learningRate: 0.02 });
    expect(found.losses.at(-1)).toBeLessThan(0.1 * found.losses[0]!);
    // Half would be chance.
    expect(found.accuracy).toBeGreaterThan(0.75);
  });
});

describe('on communities, from five nodes of each', () => {
  const data = stochasticBlockModel(
    { sizes: [40, 40, 40], within: 0.15, between: 0.02 },
    createRandom(7),
  );
  const shape = { features: 8, classes: 3, width: 16, dropout: 0.3, seed: 1 } as const;

  test.each(['paper', 'large'] as const)('SGHormer %s finds the communities', async (preset) => {
    const network = sghormer({ ...shape, preset });
    const found = await trainNodeClassifier(network, data, wasm, { steps: 40, learningRate: 0.02 });
    // A third would be chance.
    expect(found.accuracy).toBeGreaterThan(0.75);
  });

  test('trains on parts of the graph', async () => {
    const trainer = createTrainer(sghormer({ ...shape, preset: 'large' }), {
      ...options,
      ...objective,
    });
    const labelled = new Set(data.splits[0]!.train);
    const parts = partitionGraph(data, 2, createRandom(3))
      .map((part) => inducedSubgraph(data, part))
      .filter(({ nodes }) => nodes.some((node) => labelled.has(node)));
    const losses: number[] = [];
    for (let epoch = 0; epoch < 15; epoch++) {
      let total = 0;
      for (const { graph } of parts) {
        const targets = nodeTargets(graph, graph.splits[0]!.train);
        const step = await trainer.step(nodeInputs(graph), targets, { learningRate: 0.02 });
        total += step.loss;
      }
      losses.push(total);
    }
    trainer.dispose();
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]!);
  });
});

test('SGHormer tells rings from stars, graph by graph', async () => {
  const random = createRandom(5);
  const graphs = Array.from({ length: 24 }, (_, index) => ringOrStar(index, 5 + random.below(4)));
  const set = {
    name: 'rings and stars',
    graphs,
    labels: Int32Array.from(graphs, (__, index) => index % 2),
    classes: 2,
    splits: [],
  };
  const members = [...graphs.keys()];
  const batch = graphBatch(set, members.slice(0, 12));
  const later = graphBatch(set, members.slice(12));
  const network = sghormer({
    features: 2,
    classes: 2,
    width: 16,
    preset: 'paper',
    task: 'graphs',
    seed: 1,
  });
  const trainer = createTrainer(network, { ...options, ...objective, batch: 'G' });
  for (let step = 0; step < 30; step++)
    await trainer.step(batch.inputs, batch.labels, { learningRate: 0.02 });
  const trained = await measured(trainer.graph(), batch.inputs, wasm, 'G');
  trainer.dispose();
  const program = await wasm.compile(trained, { registry, batch: 'G' });
  const { logits } = await program.run(later.inputs, { timesteps: 1 });
  program.dispose();
  const right = [...later.labels].filter(
    (label, row) => logits!.data[2 * row + label]! > logits!.data[2 * row + 1 - label]!,
  );
  // Six would be chance.
  expect(right.length).toBeGreaterThan(9);
});

/** A ring for even numbers, a star for odd ones; features are the share of all nodes that a node is joined to. */
function ringOrStar(index: number, nodes: number): GraphData {
  const pairs = Array.from({ length: nodes }, (_, node) =>
    index % 2 === 0 ? `${node} ${(node + 1) % nodes}` : `0 ${node}`,
  );
  const graph = readEdgeList(pairs.join('\n'), { nodes });
  const degrees = new Float32Array(nodes);
  for (const end of [...graph.edges.from, ...graph.edges.to]) degrees[end]!++;
  const values = Float32Array.from([...degrees].flatMap((degree) => [degree / nodes, 1]));
  return { ...graph, features: { kind: 'dense', columns: 2, values } };
}
