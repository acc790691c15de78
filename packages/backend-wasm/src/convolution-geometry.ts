import type { KernelCall } from '@spikeloom/runtime';

/** The attributes that the gradients of `spikeloom/conv2d` share with it. */
export interface ConvolutionGeometry {
  readonly stride: readonly [number, number];
  /** Top, bottom, left, right. */
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

/** The operators are defined in a package that this one does not know; the graph has been checked before. */
export function geometryOf({ node }: Pick<KernelCall<never>, 'node'>): ConvolutionGeometry {
  return node.attributes as unknown as ConvolutionGeometry;
}
