import {
  batchNorm,
  createBuilder,
  type Graph,
  linear,
  type Tensor,
  temporalBatchNorm,
  type Value,
} from '@spikeloom/ir';
import { lif, qcfs } from '@spikeloom/neurons';
import type { Golden } from './golden.ts';

/** What stands after every layer but the last. */
export type Activation = 'qcfs' | 'lif';

/** The small network of the recorded training steps, with their initial weights. */
export function referenceNetwork(golden: Golden, activation: Activation, tebn = false): Graph {
  const b = createBuilder({ name: 'reference' });
  const initial = (name: string): Tensor => golden.tensor(`init.${name}`);
  const param = (name: string): Value => {
    const tensor = initial(name);
    return b.param(name, tensor.shape, { tensor });
  };
  const act = (x: Value, index: number): Value =>
    activation === 'lif'
      ? b.apply(lif, { current: x }, referenceLif, `lif${index}`).spikes
      : b.apply(
          qcfs,
          {
            x,
            threshold: b.param(`qcfs${index}.vthr`, [], {
              tensor: scalar(initial(`qcfs${index}.vthr`)),
            }),
          },
          { levels: 4 },
          `qcfs${index}`,
        ).out;
  const norm = (x: Value, index: number): Value => {
    const channels = Number(x.type.shape[1]);
    const inputs = {
      x,
      weight: param(`bn${index}.weight`),
      bias: param(`bn${index}.bias`),
      mean: b.buffer(`bn${index}.running_mean`, [channels], { tensor: filled(channels, 0) }),
      variance: b.buffer(`bn${index}.running_var`, [channels], { tensor: filled(channels, 1) }),
    };
    if (!tebn) return b.apply(batchNorm, inputs, {}, `bn${index}`).out;
    const scales = initial(`tebn${index}.p`);
    const p = b.param(`tebn${index}.p`, [scales.data.length], {
      tensor: { ...scales, shape: [scales.data.length] },
    });
    return b.apply(temporalBatchNorm, { ...inputs, p }, {}, `tebn${index}`).out;
  };
  const [, channels, height, width] = golden.tensor('x').shape as [number, number, number, number];
  let x: Value = b.input('image', ['N', channels, height, width]);
  x = b.conv2d(
    { x, weight: param('conv0.weight'), bias: param('conv0.bias') },
    { padding: [1, 1, 1, 1] },
    'conv0',
  );
  x = act(norm(x, 0), 0);
  x = b.avgPool2d(x, { kernel: [2, 2], stride: [2, 2] }, 'pool');
  x = b.conv2d(
    { x, weight: param('conv1.weight') },
    { padding: [1, 1, 1, 1], stride: [2, 2] },
    'conv1',
  );
  x = act(norm(x, 1), 1);
  x = b.reshape(x, ['N', -1], 'flatten');
  x = b.apply(linear, { x, weight: param('fc0.weight'), bias: param('fc0.bias') }, {}, 'fc0').out;
  x = act(x, 2);
  const { out } = b.apply(
    linear,
    { x, weight: param('fc1.weight'), bias: param('fc1.bias') },
    {},
    'fc1',
  );
  b.output('logits', out);
  return b.build();
}

/** The reference's neuron: leak after the reset, strict threshold, triangle surrogate, nothing detached. */
export const referenceLif = {
  tau: 2,
  threshold: 1,
  reset: 0,
  leakAfterReset: true,
  decayInput: false,
  comparison: '>',
  surrogate: { kind: 'triangle', width: 1 },
  detachReset: false,
} as const;

function scalar(tensor: Tensor): Tensor {
  return { ...tensor, shape: [] };
}

function filled(size: number, value: number): Tensor {
  return { shape: [size], dtype: 'float32', data: new Float32Array(size).fill(value) };
}
