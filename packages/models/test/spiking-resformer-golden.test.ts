import { attention } from '@spikeloom/attention';
import { createBuilder, createRegistry, foldBatchNorm, tensor } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import { traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { createTrainer, meanOutputLoss, sgd, tetLoss, training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { relativeDistance } from '../../attention/test/back-propagate.ts';
import type { Golden } from '../../attention/test/golden.ts';
import { backends } from './backends.ts';
import { tinyNetworks } from './tiny-resformer.ts';

const registry = createRegistry([attention, neurons, training]);
const numbers = { absolute: 1e-5, relative: 1e-5 };

describe.each(backends)('a whole network of the reference code on %s', (_, backend) => {
  describe.each(Object.entries(tinyNetworks))('%s', (_name, network) => {
    const { golden, graph, image, timesteps, trainingImage } = network;

    test('in inference, block by block', async () => {
      const blocks = blocksOf(golden, 'eval');
      const program = await backend.compile(graph, { registry });
      const seen = traces(blocks.map(valueOf));
      const { logits } = await program.run({ image }, { timesteps, taps: seen.taps });
      program.dispose();
      for (const path of blocks)
        expectClose(
          path,
          seen.read().get(valueOf(path))!,
          golden.tensor(`eval.${path}.out`),
          numbers,
        );
      expectClose('logits', logits!, golden.tensor('eval.logits_TBK'), numbers);
    });

    test('in inference, with batch normalisation folded into the convolutions', async () => {
      const folded = foldBatchNorm(graph, registry);
      expect(folded.nodes.some(({ op }) => op === 'spikeloom/batch-norm')).toBe(false);
      const program = await backend.compile(folded, { registry });
      const { logits } = await program.run({ image }, { timesteps });
      program.dispose();
      expectClose('logits', logits!, golden.tensor('eval.logits_TBK'), {
        absolute: 1e-4,
        relative: 1e-4,
      });
    });

    test('in training: loss, gradients and statistics', async () => {
      const sequences = Array.isArray(image) ? ['image'] : [];
      const trainer = createTrainer(graph, {
        backend,
        registry,
        timesteps,
        loss: meanOutputLoss(),
        optimiser: sgd(),
        sequences,
      });
      const labels = [...golden.tensor('target').data];
      const gradients = await trainer.gradients({ image: trainingImage }, labels);
      const recorded = golden.names.filter((name) => name.startsWith('train.grad.'));
      expect(gradients.size).toBe(recorded.length);
      for (const [name, gradient] of gradients) {
        const distance = relativeDistance(gradient, golden.tensor(`train.grad.${name}`));
        expect(distance, name).toBeLessThan(1e-4);
      }
      const { loss } = await trainer.step({ image: trainingImage }, labels, { learningRate: 0 });
      expect(loss).toBeCloseTo(golden.tensor('train.loss').data[0]!, 5);
      const { weights } = trainer.graph();
      const statistics = golden.names.filter((name) => name.startsWith('train.buf.'));
      expect(statistics.length).toBeGreaterThan(10);
      for (const name of statistics) {
        const found = weights.get(name.slice('train.buf.'.length))!;
        expectClose(name, found, golden.tensor(name), numbers);
      }
      trainer.dispose();
    });

    test('under the criterion of temporal efficient training', async () => {
      const { shape } = golden.tensor('train.logits_TBK');
      const b = createBuilder();
      const logits = b.input('logits', shape);
      const classes = shape[2]!;
      const target = b.input('target', [shape[1]!, classes]);
      b.output('loss', tetLoss({ weight: 0.05, mean: 1 }).build(b, { logits, target }));
      const program = await backend.compile(b.build(), { registry });
      const labels = [...golden.tensor('target').data].flatMap((label) =>
        Array.from({ length: classes }, (_one, index) => Number(index === label)),
      );
      const { loss } = await program.run(
        {
          logits: golden.tensor('train.logits_TBK'),
          target: tensor(labels, [shape[1]!, classes]),
        },
        { timesteps: 1 },
      );
      expect(loss!.data[0]).toBeCloseTo(golden.tensor('criterion.tet_loss').data[0]!, 5);
    });
  });
});

function blocksOf(golden: Golden, call: string): string[] {
  const pattern = new RegExp(String.raw`^${call}\.(.+)\.out$`);
  return golden.names.flatMap((name) => {
    const path = pattern.exec(name)?.[1];
    return path !== undefined && path.startsWith('layers') ? [path] : [];
  });
}

/** Stages but the first begin with a step down, whose result is that of its normalisation. */
function valueOf(block: string): string {
  return /^layers\.[1-9]\d*\.0$/.test(block) ? `${block}.norm` : block;
}
