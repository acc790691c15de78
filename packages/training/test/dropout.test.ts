import { createBuilder, dropout, type Graph, tensor } from '@spikeloom/ir';
import { createTrainer, sgd, type Trainer } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { registry } from './halves.ts';
import { runBack } from './run-back.ts';

const width = 64;
const inputs = { x: tensor(new Float32Array(width).fill(1), [1, width]) };

/** A network whose gradient shows which elements were dropped: those have none. */
function network(streams: readonly number[] = [0], rate = 0.5): Graph {
  const b = createBuilder();
  const x = b.mul(
    b.input('x', ['N', width]),
    b.param('w', [width], { tensor: tensor(new Float32Array(width).fill(1)) }),
  );
  const kept = streams.map(
    (stream) => b.apply(dropout, { x, key: 0 }, { rate, stream }, `dropout${stream}`).out,
  );
  b.output('logits', kept.length === 1 ? kept[0]! : b.concat(kept, 1));
  return b.build();
}

/** A gradient of 1 for every logit that is not dropped. */
const countingLoss = {
  id: 'test/count',
  build: (b, { logits }) => b.sum(logits, [0, 1, 2]),
} as const satisfies Parameters<typeof createTrainer>[1]['loss'];

async function mask(trainer: Trainer): Promise<number[]> {
  const gradients = await trainer.gradients(inputs, [0]);
  return [...gradients.get('w')!.data];
}

describe.each(backends)('dropout in training on %s', (_, backend) => {
  const make = (seed?: number): Trainer =>
    createTrainer(network(), {
      backend,
      registry,
      timesteps: 1,
      loss: countingLoss,
      optimiser: sgd(),
      ...(seed === undefined ? {} : { seed }),
    });

  test('drops other elements at every step, and the same ones for the same seed', async () => {
    const masks: string[] = [];
    for (const seed of [1, 1, 2]) {
      const trainer = make(seed);
      for (let step = 0; step < 3; step++) {
        const dropped = await mask(trainer);
        // Survivors count twice.
        expect(new Set(dropped)).toEqual(new Set([0, 2]));
        const kept = dropped.filter((part) => part > 0).length;
        expect(kept).toBeGreaterThan(width / 4);
        expect(kept).toBeLessThan((width * 3) / 4);
        expect(await mask(trainer)).toEqual(dropped);
        masks.push(dropped.join(''));
        await trainer.step(inputs, [0], { learningRate: 0 });
      }
      trainer.dispose();
    }
    expect(masks.slice(0, 3)).toEqual(masks.slice(3, 6));
    expect(new Set(masks).size).toBe(6);
  });

  test('goes on with the masks where a state was saved', async () => {
    const [first, second] = [make(4), make(4)];
    await first.step(inputs, [0], { learningRate: 0 });
    second.restore(first.state());
    expect(await mask(second)).toEqual(await mask(first));
    second.restore({ ...first.state(), iteration: 0 });
    expect(await mask(second)).not.toEqual(await mask(first));
  });

  test('leaves inference alone', async () => {
    const trainer = make();
    await trainer.step(inputs, [0], { learningRate: 0.1 });
    const graph = trainer.graph();
    const program = await backend.compile(graph, { registry });
    const { logits } = await program.run(inputs, { timesteps: 1 });
    expect(logits!.data).toEqual(graph.weights.get('w')!.data);
    program.dispose();
    trainer.dispose();
  });

  test('drops other elements at every timestep, of every sample and in every layer', async () => {
    const graph = network([3, 4]);
    const samples = 2;
    const ones = tensor(new Float32Array(samples * width).fill(1), [samples, width]);
    const { values } = await runBack(graph, {
      backend,
      timesteps: 3,
      samples,
      inputs: { x: ones, 'training.random-key': tensor([5], []) },
      upstream: { [graph.outputs['logits']!]: tensor(new Float32Array(768), [3, samples, 128]) },
      wrt: ['w'],
    });
    const data = [...Object.values(values)[0]!.data];
    const masks = Array.from({ length: 12 }, (__, index) =>
      data.slice(index * width, (index + 1) * width).join(''),
    );
    expect(new Set(masks).size).toBe(12);
    expect(new Set(data)).toEqual(new Set([0, 2]));
  });
});
