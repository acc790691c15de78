import {
  anyReal,
  type Builder,
  defineOp,
  realType,
  surrogate,
  type Surrogate,
  type Value,
  type ValueType,
} from '@spikeloom/ir';

/** What stands for the derivative of the spike function. */
export const surrogateDerivative = defineOp({
  id: 'spikeloom.training/surrogate-derivative',
  version: 1,
  summary: 'The surrogate derivative of the spike function at a distance from the threshold.',
  equation: 'out = the derivative the surrogate names, at u',
  inputs: { u: anyReal },
  attributes: { surrogate: surrogate({ kind: 'atan', alpha: 2 }) },
  outputs: ({ u }): { out: ValueType } => ({ out: realType(u.shape) }),
  lower: (b, { u }, attributes) => ({ out: derivative(b, u, attributes.surrogate) }),
  signalRule: 'real',
  examples: (
    [
      { kind: 'atan', alpha: 2 },
      { kind: 'sigmoid', alpha: 4 },
      { kind: 'triangle', width: 1 },
      { kind: 'fast-sigmoid', slope: 25 },
      { kind: 'rectangle', width: 1 },
    ] as const
  ).map((one) => ({ inputs: { u: { shape: [5, 9] } }, attributes: { surrogate: one } })),
});

function derivative(b: Builder, u: Value, by: Surrogate): Value {
  switch (by.kind) {
    case 'atan': {
      const scaled = b.mul(u, (Math.PI / 2) * by.alpha);
      return b.div(by.alpha / 2, b.add(b.mul(scaled, scaled), 1));
    }
    case 'sigmoid': {
      const s = b.sigmoid(b.mul(u, by.alpha));
      return b.mul(b.mul(s, b.sub(1, s)), by.alpha);
    }
    case 'triangle':
      return b.mul(b.maximum(b.sub(by.width, b.abs(u)), 0), 1 / by.width ** 2);
    case 'fast-sigmoid': {
      const root = b.add(b.mul(b.abs(u), by.slope), 1);
      return b.div(1, b.mul(root, root));
    }
    case 'rectangle':
      return b.select(b.greater(by.width / 2, b.abs(u)), 1 / by.width, 0);
  }
}
