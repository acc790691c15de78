import type { ConvolutionGeometry } from './convolution-geometry.ts';

/** How pixels and the taps of a convolution meet, for `gatherTaps`. */
export interface TapLayout {
  /** Pixels of x, those first that the same taps see: where each lies in its plane, and its place in a panel. */
  readonly pixels: readonly number[];
  /** How many pixels are seen by the same taps. */
  readonly counts: readonly number[];
  /** For every tap: which of these groups it sees, and how far it moves places. */
  readonly taps: readonly number[];
  /** Where the first pixel of a gradient lies in a panel, which has zeros around. */
  readonly origin: number;
  /** Pixels from one row of a panel to the next. */
  readonly pitch: number;
  /** Pixels of a panel. */
  readonly pixelCount: number;
}

/**
 * Tap p along an axis pairs position y of x with position (y + margin - p * dilation) / stride of the
 * gradient, if that is whole: so it sees the positions of one residue, y = residue + stride * u, and moves u.
 */
export function layOutTaps(
  { stride, padding, dilation }: ConvolutionGeometry,
  sizes: {
    readonly kernel: readonly [number, number];
    /** Of x. */
    readonly size: readonly [number, number];
    readonly gradientSize: readonly [number, number];
    /** Of a pixel of a panel. */
    readonly pixelBytes: number;
  },
): TapLayout {
  const { kernel, size, gradientSize, pixelBytes } = sizes;
  const along = (axis: 0 | 1): Axis => {
    const margin = padding[2 * axis]!;
    const taps = Array.from({ length: kernel[axis] }, (_, tap) => {
      const shift = margin - tap * dilation[axis];
      const residue = ((-shift % stride[axis]) + stride[axis]) % stride[axis];
      return { residue, move: (residue + shift) / stride[axis] };
    });
    const last = Math.floor((size[axis] - 1) / stride[axis]);
    const moves = taps.map(({ move }) => move);
    const before = Math.max(0, -Math.min(...moves));
    const after = Math.max(0, last + Math.max(...moves) - (gradientSize[axis] - 1));
    return { taps, before, length: before + gradientSize[axis] + after };
  };
  const [rows, columns] = [along(0), along(1)];
  const place = (row: number, column: number): number =>
    pixelBytes * (row * columns.length + column);
  const pixels: number[] = [];
  const counts: number[] = [];
  for (let top = 0; top < stride[0]; top++) {
    for (let left = 0; left < stride[1]; left++) {
      const before = pixels.length;
      for (let y = top; y < size[0]; y += stride[0]) {
        for (let x = left; x < size[1]; x += stride[1])
          pixels.push(4 * (y * size[1] + x), place((y - top) / stride[0], (x - left) / stride[1]));
      }
      counts.push((pixels.length - before) / 2);
    }
  }
  const taps = rows.taps.flatMap((row) =>
    columns.taps.flatMap((column) => [
      row.residue * stride[1] + column.residue,
      place(row.move + rows.before, column.move + columns.before),
    ]),
  );
  return {
    pixels,
    counts,
    taps,
    origin: rows.before * columns.length + columns.before,
    pitch: columns.length,
    pixelCount: rows.length * columns.length,
  };
}

interface Axis {
  readonly taps: readonly { readonly residue: number; readonly move: number }[];
  /** Zeros before the gradient. */
  readonly before: number;
  /** Of the gradient with the zeros around it. */
  readonly length: number;
}
