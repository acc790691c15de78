// Trains a small convolutional spiking network for a few steps: the loss must fall, alike on every backend.
import {
  batchNorm,
  createBuilder,
  createRandom,
  createRegistry,
  linear,
  tensor,
} from '@spikeloom/ir';
import { lif, neurons } from '@spikeloom/neurons';
import { createTrainer, rcs, sgd, tetLoss, training } from '@spikeloom/training';

/** The losses of some steps on one batch. */
export async function losses(backend, steps = 8) {
  const trainer = createTrainer(network(), {
    backend,
    registry: createRegistry([neurons, training]),
    timesteps: 3,
    loss: tetLoss(),
    regularisers: [{ regulariser: rcs(), weight: 0.005 }],
    optimiser: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
  });
  const random = createRandom(2);
  const image = filled([6, 1, 8, 8], () => random.normal());
  const labels = [0, 1, 2, 0, 1, 2];
  const found = [];
  for (let step = 0; step < steps; step++)
    found.push((await trainer.step({ image }, labels, { learningRate: 0.1 })).loss);
  trainer.dispose();
  return found;
}

function network() {
  const random = createRandom(1);
  const b = createBuilder({ name: 'smoke' });
  const param = (name, shape, scale) =>
    b.param(name, shape, { tensor: filled(shape, () => random.normal() * scale) });
  const all = (value) => tensor(new Float32Array(4).fill(value), [4]);
  const convolved = b.conv2d(
    { x: b.input('image', ['N', 1, 8, 8]), weight: param('conv', [4, 1, 3, 3], 0.4) },
    { padding: [1, 1, 1, 1] },
  );
  const norm = {
    x: convolved,
    weight: b.param('bn.weight', [4], { tensor: all(1) }),
    bias: b.param('bn.bias', [4], { tensor: all(0) }),
    mean: b.buffer('bn.mean', [4], { tensor: all(0) }),
    variance: b.buffer('bn.variance', [4], { tensor: all(1) }),
  };
  const { spikes } = b.apply(lif, { current: b.apply(batchNorm, norm).out }, {}, 'lif');
  const pooled = b.avgPool2d(spikes, { kernel: [2, 2], stride: [2, 2] });
  const x = b.reshape(pooled, ['N', 64]);
  b.output('logits', b.apply(linear, { x, weight: param('fc', [3, 64], 0.1) }).out);
  return b.build();
}

function filled(shape, next) {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return tensor(Float32Array.from({ length: size }, next), shape);
}
