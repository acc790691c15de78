import { cpuBackend } from '@spikeloom/backend-cpu';
import { createRegistry, type Graph, tensor } from '@spikeloom/ir';
import { convNet, trainOnly } from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { createTrainer, meanOutputLoss, sgd, training } from '@spikeloom/training';
import { expect, test } from 'vitest';

const network = convNet({ image: [1, 8, 8], channels: [2], hidden: 4, classes: 3, seed: 1 });
const image = tensor(
  Array.from({ length: 128 }, (_, index) => ((index * 7) % 5) - 2),
  [2, 1, 8, 8],
);

/** Parameters that a step changes. */
async function changed(graph: Graph): Promise<string[]> {
  const trainer = createTrainer(graph, {
    backend: cpuBackend(),
    registry: createRegistry([neurons, training]),
    timesteps: 1,
    loss: meanOutputLoss(),
    optimiser: sgd(),
  });
  await trainer.step({ image }, [0, 2], { learningRate: 0.5 });
  const after = trainer.graph().weights;
  trainer.dispose();
  return graph.nodes
    .filter(({ id, op }) => op === 'spikeloom/param' && after.get(id) !== graph.weights.get(id))
    .map(({ id }) => id);
}

test('only the parameters that are open change, and all can be opened again', async () => {
  const all = await changed(network);
  const last = all.filter((id) => id.startsWith('fc1.'));
  expect(last.length).toBeGreaterThan(0);
  expect(last.length).toBeLessThan(all.length);
  const closed = trainOnly(network, (path) => path.startsWith('fc1.'));
  expect(await changed(closed)).toEqual(last);
  expect(await changed(trainOnly(closed, () => true))).toEqual(all);
});
