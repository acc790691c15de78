import { defineOp, primitives } from '@spikeloom/ir';

const { matmul } = primitives;

/** The matrix product of two spike streams with expectation compensation. */
export const compensatedMatmul = defineOp({
  id: 'spikeloom.conversion/compensated-matmul',
  version: 1,
  summary:
    'Matrix product of two spike streams; its mean output is the product of the mean inputs. Every product it forms has a spike operand.',
  equation:
    't = 1: out = a b. t >= 2: D = a b + a B + A b with the sums A, B up to t - 1; P := P + D; out = D / (t - 1) - P / (t (t - 1)). Then A := A + a, B := B + b. The transpose flags apply to a and b alike.',
  source:
    'ECMT (arXiv 2502.21193), expectation compensation for products; regrouped to three products per step',
  inputs: matmul.inputs,
  attributes: matmul.attributes,
  outputs: (types, attributes) => matmul.outputs(types, attributes),
  lower(b, { a, b: right }, attributes) {
    const step = b.step();
    const [sumA, sumB] = [b.state('a_sum', { like: a }), b.state('b_sum', { like: right })];
    const both = b.matmul(a, right, attributes, 'both');
    const leftNew = b.matmul(a, sumB, attributes, 'left_new');
    const rightNew = b.matmul(sumA, right, attributes, 'right_new');
    const change = b.add(b.add(both, leftNew), rightNew, 'change');
    const product = b.state('product', { like: change });
    const total = b.add(product, change);
    b.write(product, total);
    b.write(sumA, b.add(sumA, a));
    b.write(sumB, b.add(sumB, right));
    // At the first step the divisor is 0 and its quotient is not used.
    const before = b.maximum(step, 1);
    const later = b.sub(b.div(change, before), b.div(total, b.mul(b.add(step, 1), before)));
    return { out: b.select(b.equal(step, 0), both, later) };
  },
  signalRule: 'real',
  examples: [
    {
      inputs: { a: { shape: [2, 3, 5], fill: 'spikes' }, b: { shape: [2, 4, 5], fill: 'spikes' } },
      attributes: { transposeB: true },
      timesteps: 4,
      tolerance: 2e-5,
    },
    {
      inputs: {
        a: { shape: [2, 2, 3, 5], fill: 'spikes' },
        b: { shape: [2, 2, 5, 4], fill: 'spikes' },
      },
      timesteps: 4,
      tolerance: 2e-5,
    },
  ],
});
