import type { Surrogate } from '@spikeloom/ir';

/** A surrogate derivative as `assembly/surrogate.ts` takes it. */
export interface SurrogateShape {
  readonly kind: number;
  readonly scale: number;
  readonly height: number;
}

export function surrogateShape(surrogate: Surrogate): SurrogateShape {
  return shapes[surrogate.kind](surrogate as never);
}

type Shapes = {
  readonly [K in Surrogate['kind']]: (surrogate: Extract<Surrogate, { kind: K }>) => SurrogateShape;
};

const shapes: Shapes = {
  atan: ({ alpha }) => ({ kind: 0, scale: (Math.PI / 2) * alpha, height: alpha / 2 }),
  sigmoid: ({ alpha }) => ({ kind: 1, scale: alpha, height: alpha }),
  triangle: ({ width }) => ({ kind: 2, scale: width, height: 1 / width ** 2 }),
  'fast-sigmoid': ({ slope }) => ({ kind: 3, scale: slope, height: 1 }),
  rectangle: ({ width }) => ({ kind: 4, scale: width / 2, height: 1 / width }),
};
