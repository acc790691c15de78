import {
  batchNorm,
  type Builder,
  createBuilder,
  createRegistry,
  type Graph,
  linear,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { loadWeights } from '@spikeloom/models';
import { neurons, qcfs } from '@spikeloom/neurons';
import type { Golden } from './golden.ts';

/** Converted QCFS networks need no operators but neurons. */
export const registry = createRegistry([neurons]);

/** The tensors under a prefix, by what follows it. */
export function tensorsBelow(golden: Golden, prefix: string): Map<string, Tensor> {
  return new Map(
    golden.names
      .filter((name) => name.startsWith(prefix))
      .map((name) => [name.slice(prefix.length), golden.tensor(name)]),
  );
}

/**
 * The network of the conversion vectors: two convolutions, the second without bias and with stride 2, and two
 * linear layers.
 */
export function goldenNetwork(golden: Golden): Graph {
  const weights = tensorsBelow(golden, 'param.');
  const { L: levels } = JSON.parse(golden.metadata.get('params')!) as { readonly L: number };
  const b = createBuilder({ name: 'qcfs' });
  const shapeOf = (name: string): readonly number[] => weights.get(name)!.shape;
  const param = (name: string): Value => b.param(name, shapeOf(name));
  const activate = (x: Value, index: number): Value =>
    b.apply(qcfs, { x, threshold: param(`qcfs${index}.vthr`) }, { levels }, `qcfs${index}`).out;
  const dense = (x: Value, id: string): Value =>
    b.apply(linear, { x, weight: param(`${id}.weight`), bias: param(`${id}.bias`) }, {}, id).out;

  const image = b.input('image', ['N', ...golden.tensor('x').shape.slice(1)]);
  const conv0 = b.conv2d(
    { x: image, weight: param('conv0.weight'), bias: param('conv0.bias') },
    { padding: [1, 1, 1, 1] },
    'conv0',
  );
  const pooled = b.avgPool2d(activate(normalise(b, conv0, 'bn0', shapeOf), 0), {
    kernel: [2, 2],
    stride: [2, 2],
  });
  const conv1 = b.conv2d(
    { x: pooled, weight: param('conv1.weight') },
    { stride: [2, 2], padding: [1, 1, 1, 1] },
    'conv1',
  );
  const features = activate(normalise(b, conv1, 'bn1', shapeOf), 1);
  const flat = b.reshape(features, ['N', shapeOf('fc0.weight')[1]!], 'flatten');
  b.output('logits', dense(activate(dense(flat, 'fc0'), 2), 'fc1'));
  return loadWeights(b.build(), weights);
}

function normalise(
  b: Builder,
  x: Value,
  id: string,
  shapeOf: (name: string) => readonly number[],
): Value {
  const channels = shapeOf(`${id}.weight`);
  const inputs = {
    x,
    weight: b.param(`${id}.weight`, channels),
    bias: b.param(`${id}.bias`, channels),
    mean: b.buffer(`${id}.running_mean`, channels),
    variance: b.buffer(`${id}.running_var`, channels),
  };
  return b.apply(batchNorm, inputs, {}, id).out;
}
