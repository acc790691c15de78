import { createRegistry } from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import {
  createTrainer,
  meanOutputLoss,
  rcs,
  rcsActivation,
  sgd,
  tetLoss,
  training,
} from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { openGolden } from './golden.ts';
import { referenceNetwork } from './reference-network.ts';

const registry = createRegistry([neurons, training]);

const cases = [
  {
    file: 'train_step_ann',
    activation: 'qcfs',
    tebn: false,
    timesteps: 1,
    loss: meanOutputLoss(),
    regulariser: rcsActivation(),
    weight: 0.002,
  },
  {
    file: 'train_step_snn_tet',
    activation: 'lif',
    tebn: false,
    timesteps: 4,
    loss: tetLoss(),
    regulariser: rcs(),
    weight: 0.002,
  },
  {
    file: 'train_step_snn_tebn',
    activation: 'lif',
    tebn: true,
    timesteps: 4,
    loss: meanOutputLoss(),
    regulariser: rcs(),
    weight: 0.001,
  },
] as const;

for (const [, backend] of backends) {
  describe(`a training step of the reference code on ${backend.name}`, () => {
    test.each(cases)(
      '$file',
      async ({ file, activation, tebn, timesteps, loss, regulariser, weight }) => {
        const golden = openGolden(file);
        const graph = referenceNetwork(golden, activation, tebn);
        const trainer = createTrainer(graph, {
          backend,
          registry,
          timesteps,
          loss,
          regularisers: [{ regulariser, weight }],
          optimiser: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
        });
        const image = golden.tensor('x');
        const labels = golden.wide('labels');
        const gradients = await trainer.gradients({ image }, labels);
        for (const name of golden.names.filter((one) => one.startsWith('grad.'))) {
          close(name, gradients.get(name.slice(5))!.data, golden.tensor(name).data, 1e-4, 1e-3);
        }
        const metrics = await trainer.step({ image }, labels, { learningRate: 0.1 });
        close('task loss', [metrics.taskLoss], [golden.number('task_loss')], 0, 1e-5);
        close(
          'regulariser',
          [metrics.regularisers[regulariser.id]!],
          [golden.number('reg_loss')],
          0,
          1e-5,
        );
        close('loss', [metrics.loss], [golden.number('total_loss')], 0, 1e-5);
        const { weights } = trainer.graph();
        for (const name of golden.names.filter((one) => one.startsWith('after_sgd.'))) {
          close(name, weights.get(name.slice(10))!.data, golden.tensor(name).data, 2e-5, 1e-4);
        }
        for (const index of [0, 1]) {
          for (const statistic of ['running_mean', 'running_var']) {
            const name = `bn${index}.${statistic}`;
            close(name, weights.get(name)!.data, golden.tensor(`${name}_after`).data, 1e-6, 1e-6);
          }
        }
        trainer.dispose();
      },
    );
  });
}

function close(
  name: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  absolute: number,
  relative: number,
): void {
  expect(actual.length, name).toBe(expected.length);
  for (let index = 0; index < expected.length; index++) {
    const allowed = Math.max(absolute, relative * Math.abs(expected[index]!));
    expect(Math.abs(actual[index]! - expected[index]!), `${name}[${index}]`).toBeLessThanOrEqual(
      allowed,
    );
  }
}
