import * as v from 'valibot';

const width = v.pipe(v.number(), v.finite(), v.gtValue(0));

/**
 * A surrogate gradient as data: what stands for the derivative of the spike function during training.
 * `u` is the distance from the threshold. All are normalised so that the area under the derivative is 1,
 * except `fast-sigmoid`, whose usual form is not.
 */
export const surrogateSchema = v.variant('kind', [
  /** `(alpha / 2) / (1 + (pi / 2 * alpha * u)^2)` (Fang et al. 2021, PLIF). */
  v.strictObject({ kind: v.literal('atan'), alpha: width }),
  /** `alpha * s(alpha u) * (1 - s(alpha u))`, `s` the logistic function (Neftci et al. 2019). */
  v.strictObject({ kind: v.literal('sigmoid'), alpha: width }),
  /** `max(0, width - |u|) / width^2`, also called ZIF (Deng et al. 2022, TET). */
  v.strictObject({ kind: v.literal('triangle'), width }),
  /** `1 / (1 + slope * |u|)^2` (Zenke & Ganguli 2018, SuperSpike). */
  v.strictObject({ kind: v.literal('fast-sigmoid'), slope: width }),
  /** `1 / width` where `|u| < width / 2`, else 0 (Wu et al. 2018, STBP). */
  v.strictObject({ kind: v.literal('rectangle'), width }),
]);

export type Surrogate = v.InferOutput<typeof surrogateSchema>;

/** The attribute an operator with a spike function declares. */
export function surrogate(
  fallback: Surrogate,
): v.OptionalSchema<typeof surrogateSchema, Surrogate> {
  return v.optional(surrogateSchema, fallback);
}

/** The surrogate derivative at distance `u` from the threshold. */
export function surrogateDerivative(by: Surrogate, u: number): number {
  return derivatives[by.kind](by as never, u);
}

type Derivatives = {
  readonly [K in Surrogate['kind']]: (
    surrogate: Extract<Surrogate, { kind: K }>,
    u: number,
  ) => number;
};

const derivatives: Derivatives = {
  atan: ({ alpha }, u) => alpha / 2 / (1 + ((Math.PI / 2) * alpha * u) ** 2),
  sigmoid: ({ alpha }, u) => {
    const s = 1 / (1 + Math.exp(-alpha * u));
    return alpha * s * (1 - s);
  },
  triangle: ({ width: w }, u) => Math.max(0, w - Math.abs(u)) / w ** 2,
  'fast-sigmoid': ({ slope }, u) => 1 / (1 + slope * Math.abs(u)) ** 2,
  rectangle: ({ width: w }, u) => (Math.abs(u) < w / 2 ? 1 / w : 0),
};
