import {
  createBuilder,
  createRandom,
  createRegistry,
  type Graph,
  layerNorm,
  linear,
  type Registry,
  tensor,
} from '@spikeloom/ir';
import { lif, multiThreshold, neurons } from '@spikeloom/neurons';

export const registry: Registry = createRegistry([neurons]);

/** A small spiking network with scopes, states, composites, a buffer and metadata. */
export function exampleModel(): Graph {
  const random = createRandom(3);
  const normals = (...shape: number[]) =>
    tensor(
      Array.from({ length: shape.reduce((size, dim) => size * dim, 1) }, () => random.normal()),
      shape,
    );
  const b = createBuilder({ name: 'example "quoted" \u00e9' });
  const x = b.input('x', ['N', 4]);
  const block = b.scope('block').scope('0');
  const weight = block.param('fc.weight', [6, 4], { tensor: normals(6, 4) });
  const bias = block.param('fc.bias', [6], { tensor: normals(6), trainable: false });
  const hidden = block.apply(linear, { x, weight, bias }, {}, 'fc').out;
  const scale = block.param('norm.weight', [6], { tensor: normals(6) });
  const shift = block.buffer('norm.bias', [6], { tensor: normals(6) });
  const normed = block.apply(layerNorm, { x: hidden, weight: scale, bias: shift }, {}, 'norm').out;
  const { spikes } = block.apply(lif, { current: normed }, { threshold: 0.25, reset: null }, 'lif');
  const levels = { positive: 0.3, negative: 0.08, levels: 3 };
  const graded = b.apply(multiThreshold, { current: hidden }, levels, 'graded').spikes;
  const count = b.state('count', { like: spikes });
  const total = b.add(count, spikes, 'total');
  b.write(count, total);
  b.output('out', b.concat([total, graded], 1, 'both'));
  return b.build({ labels: ['a', 'b'], nested: { deep: [null, true, 0.1] } });
}
