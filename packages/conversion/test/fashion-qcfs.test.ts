import { wasmBackend } from '@spikeloom/backend-wasm';
import { convertQcfs } from '@spikeloom/conversion';
import { predictions } from '@spikeloom/cutoff';
import { fashionMnistNormalisation, fashionMnistSample, normalise } from '@spikeloom/datasets';
import type { Graph } from '@spikeloom/ir';
import {
  type Activation,
  convNet,
  lifActivation,
  loadWeights,
  qcfsActivation,
} from '@spikeloom/models';
import { describe, expect, test } from 'vitest';
import { type Golden, openGolden } from './golden.ts';
import { registry, tensorsBelow } from './qcfs-network.ts';

const backend = wasmBackend();
const classes = 10;
const images = 1000;

function trainedNetwork(golden: Golden, activation: Activation): Graph {
  return loadWeights(convNet({ activation }), tensorsBelow(golden, 'weight.'));
}

/** Which of the bundled test images have other logits than recorded `[T, 1000, 10]`, and how many are right. */
async function compareLogits(graph: Graph, recorded: ArrayLike<number>, timesteps: number) {
  const program = await backend.compile(graph, { registry });
  const different = new Set<number>();
  let right = 0;
  let first = 0;
  for await (const batch of (await fashionMnistSample('test')).batches({ size: 250 })) {
    const image = normalise(batch, fashionMnistNormalisation);
    const sums = new Float32Array(batch.labels.length * classes);
    for await (const { step, outputs } of program.steps({ image }, { timesteps })) {
      const { data } = outputs['logits']!;
      data.forEach((value, index) => {
        const expected = recorded[(step * images + first) * classes + index]!;
        const isSame = Math.abs(value - expected) < 1e-4;
        if (!isSame) different.add(first + Math.floor(index / classes));
        sums[index]! += value;
      });
    }
    const answers = predictions({ shape: [batch.labels.length, classes], data: sums });
    right += answers.reduce((sum, label, row) => sum + Number(label === batch.labels[row]), 0);
    first += batch.labels.length;
  }
  program.dispose();
  expect(first).toBe(images);
  return { different: [...different], right };
}

describe('networks that the reference code trained on Fashion-MNIST, on a thousand test images', () => {
  describe.each(['fashion_qcfs', 'fashion_qcfs_rcs'])('with QCFS, %s', (name) => {
    const golden = openGolden(name);
    const trained = trainedNetwork(golden, qcfsActivation({ levels: 4 }));

    test('before conversion', async () => {
      const recorded = golden.tensor('ann_logits').data;
      const { different } = await compareLogits(trained, recorded, 1);
      // In image 620 a hidden current lies 3e-7 of a level from the edge between two: the order of its
      // 784 additions decides.
      const onEdge = name === 'fashion_qcfs' ? [620] : [];
      expect(different.filter((image) => !onEdge.includes(image))).toEqual([]);
    });

    test('after conversion, at each of 8 timesteps', async () => {
      const recorded = golden.tensor('test_logits_per_step').data;
      const { graph, report } = convertQcfs(trained, { registry });
      expect(report.entries.filter(({ kind }) => kind === 'neuron')).toHaveLength(3);
      const { different, right } = await compareLogits(graph, recorded, 8);
      expect(different).toEqual([]);
      expect(right).toBe(rightInRecording(golden, 8));
    });
  });

  test.each(['fashion_tet', 'fashion_tet_rcs'])(
    'with leaky neurons, at each of 4 timesteps, %s',
    async (name) => {
      const golden = openGolden(name);
      const trained = trainedNetwork(golden, lifActivation());
      const recorded = golden.tensor('test_logits_per_step').data;
      const { different, right } = await compareLogits(trained, recorded, 4);
      expect(different).toEqual([]);
      expect(right).toBe(rightInRecording(golden, 4));
    },
  );
});

/** Right answers of the sums of the recorded logits. */
function rightInRecording(golden: Golden, timesteps: number): number {
  const { data } = golden.tensor('test_logits_per_step');
  const sums = Float32Array.from({ length: images * classes }, (_, index) => {
    let sum = 0;
    for (let step = 0; step < timesteps; step++) sum += data[step * images * classes + index]!;
    return sum;
  });
  const labels = golden.tensor('test_labels').data;
  const answers = predictions({ shape: [images, classes], data: sums });
  return answers.reduce((right, label, row) => right + Number(label === labels[row]), 0);
}
