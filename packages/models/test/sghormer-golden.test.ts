import { attention } from '@spikeloom/attention';
import { createRegistry, type Tensor, tensor } from '@spikeloom/ir';
import { traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { createTrainer, meanOutputLoss, sgd, training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { recordedNetwork, recordedNetworks } from './sghormer-golden.ts';

const registry = createRegistry([attention, training]);
const numbers = { absolute: 1e-5, relative: 1e-5 };
const names = Object.keys(recordedNetworks) as (keyof typeof recordedNetworks)[];

/** Where our network has what the reference code recorded; its counts are before the scale. */
const spikes = /^out\.(.*\b(?:s|s2|f|q|k|v|a|s_out))$/;
const values = /^out\.(.*\b(?:mix|H1|H2|srb_f|srb_a|srb_s|srb_out))$/;
const potentials = /^out\.(.*)_vlast$/;

describe.each(backends)('a recorded SGHormer on %s', (_, backend) => {
  test.each(names)('in inference, value by value: %s', async (name) => {
    const { golden, graph, inputs, options } = recordedNetwork(name);
    const seen = golden.names.flatMap((recorded): [string, string, boolean][] => {
      const at = (pattern: RegExp): string | undefined => pattern.exec(recorded)?.[1];
      const [train, value, potential] = [at(spikes), at(values), at(potentials)];
      if (train) return [[recorded, `${train}:spikes`, true]];
      if (value) return [[recorded, value, false]];
      return potential ? [[recorded, `${potential}:potential`, false]] : [];
    });
    expect(seen.length).toBeGreaterThan(15);
    // What is left on membranes is computed only where a rectify block asks for it.
    const asked = options.rectify === 'membrane' ? /^(?!.*\bs2:potential)/ : /^(?!.*:potential)/;
    const observed = seen.filter(([, at]) => asked.test(at));
    const probe = traces(['bn_in', ...observed.map(([, at]) => at)]);
    const program = await backend.compile(graph, { registry, batch: 'V' });
    const { logits } = await program.run(inputs, { timesteps: 1, taps: probe.taps });
    program.dispose();
    const found = (at: string): Tensor => withoutTime(probe.read().get(at)!);
    expectClose('H0', found('bn_in'), golden.float('out.H0'), numbers);
    for (const [recorded, at, isTrain] of observed) {
      const expected = golden.float(recorded);
      if (isTrain) expect(found(at).data, recorded).toEqual(expected.data);
      else expectClose(recorded, found(at), expected, numbers);
    }
    expectClose('logits', withoutTime(logits!), golden.float('out.logits'), numbers);
  });

  test.each(names)('in training: loss and gradients of %s', async (name) => {
    const { golden, graph, inputs } = recordedNetwork(name);
    const trainer = createTrainer(graph, {
      backend,
      registry,
      timesteps: 1,
      batch: 'V',
      loss: meanOutputLoss(),
      optimiser: sgd(),
    });
    const target = maskedTarget(
      golden.tensor('in.labels'),
      golden.tensor('in.mask'),
      golden.float('out.logits').shape,
    );
    const gradients = await trainer.gradients(inputs, target);
    const recorded = golden.names.filter((key) => key.startsWith('grad.'));
    expect(gradients.size).toBe(recorded.length);
    for (const [path, gradient] of gradients)
      expectClose(path, gradient, golden.float(`grad.${path}`), numbers);
    const { loss } = await trainer.step(inputs, target, { learningRate: 0 });
    expect(loss).toBeCloseTo(golden.float('train.loss').data[0]!, 5);
    trainer.dispose();
  });
});

function withoutTime({ shape, dtype, data }: Tensor): Tensor {
  return { shape: shape.slice(1), dtype, data };
}

/** One-hot rows, so much heavier that their mean over all nodes is the mean over those in the mask. */
function maskedTarget(labels: Tensor, mask: Tensor, shape: readonly number[]): Tensor {
  const [count, classes] = shape as [number, number];
  const chosen = Array.from(mask.data, Number).filter((one) => one !== 0).length;
  const rows = new Float32Array(count * classes);
  for (let node = 0; node < count; node++)
    if (mask.data[node]) rows[node * classes + labels.data[node]!] = count / chosen;
  return tensor(rows, [count, classes]);
}
