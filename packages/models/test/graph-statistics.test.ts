import { attention } from '@spikeloom/attention';
import { createRegistry, type Tensor, tensor } from '@spikeloom/ir';
import { batchStatistics, sghormer, withStatistics } from '@spikeloom/models';
import { expectClose } from '@spikeloom/testkit';
import { createTrainer, meanOutputLoss, sgd, training } from '@spikeloom/training';
import { expect, test } from 'vitest';
import { backends } from './backends.ts';
import { randomGraph } from './random-graph.ts';
import { recordedNetwork } from './sghormer-golden.ts';

const registry = createRegistry([attention, training]);

test.each(backends)('measures what training moves towards, on %s', async (_, backend) => {
  const { graph, inputs, golden } = recordedNetwork('model_default');
  const program = await backend.compile(batchStatistics(graph, registry), { registry, batch: 'V' });
  const found = await program.run(inputs, { timesteps: 1 });
  program.dispose();
  const trainer = createTrainer(graph, {
    backend,
    registry,
    timesteps: 1,
    batch: 'V',
    loss: meanOutputLoss(),
    optimiser: sgd(),
  });
  await trainer.step(inputs, [...golden.tensor('in.labels').data], { learningRate: 0 });
  const moved = trainer.graph().weights;
  trainer.dispose();
  const names = Object.keys(found);
  // Two statistics of each: the encoder, ten of each layer, the read-out.
  expect(names).toHaveLength(2 * (1 + 2 * 10 + 1));
  const measured = withStatistics(graph, found).weights;
  for (const name of names) {
    const before = graph.weights.get(name)!;
    const expected = tensor(
      Array.from(
        before.data,
        (value, index) => 0.9 * value + 0.1 * measured.get(name)!.data[index]!,
      ),
      before.shape,
    );
    expectClose(name, moved.get(name)!, expected, { absolute: 1e-5, relative: 1e-5 });
  }
});

test('wakes a network that starts silent', async () => {
  const [, backend] = backends[0]!;
  const { x, edges } = randomGraph(2, 20, 6);
  const network = sghormer({ features: 6, classes: 3, preset: 'large', seed: 3, errors: false });
  const rates = async (graph: typeof network): Promise<number> => {
    const program = await backend.compile(graph, { registry, batch: 'V' });
    const seen: Tensor[] = [];
    const at = 'layers.0.attn.a:spikes';
    await program.run(
      { x, edges },
      { timesteps: 1, taps: [{ at, observe: ({ value }) => seen.push(value) }] },
    );
    program.dispose();
    const [{ data }] = seen as [Tensor];
    return Array.from(data, Number).reduce((sum, spike) => sum + spike) / data.length;
  };
  expect(await rates(network)).toBe(0);
  const program = await backend.compile(batchStatistics(network, registry), {
    registry,
    batch: 'V',
  });
  const found = await program.run({ x, edges }, { timesteps: 1 });
  program.dispose();
  expect(await rates(withStatistics(network, found))).toBeGreaterThan(0.05);
});
