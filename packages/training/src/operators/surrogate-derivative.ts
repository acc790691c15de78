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
  lower: (b, { u }, { surrogate: by }) => ({ out: derivatives[by.kind](b, u, by as never) }),
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

type Derivatives = {
  readonly [K in Surrogate['kind']]: (
    b: Builder,
    u: Value,
    by: Extract<Surrogate, { readonly kind: K }>,
  ) => Value;
};

const derivatives: Derivatives = {
  atan(b, u, { alpha }) {
    const scaled = b.mul(u, (Math.PI / 2) * alpha);
    return b.div(alpha / 2, b.add(b.mul(scaled, scaled), 1));
  },
  sigmoid(b, u, { alpha }) {
    const s = b.sigmoid(b.mul(u, alpha));
    return b.mul(b.mul(s, b.sub(1, s)), alpha);
  },
  triangle: (b, u, { width }) => b.mul(b.maximum(b.sub(width, b.abs(u)), 0), 1 / width ** 2),
  'fast-sigmoid'(b, u, { slope }) {
    const root = b.add(b.mul(b.abs(u), slope), 1);
    return b.div(1, b.mul(root, root));
  },
  rectangle: (b, u, { width }) => b.select(b.greater(width / 2, b.abs(u)), 1 / width, 0),
};
