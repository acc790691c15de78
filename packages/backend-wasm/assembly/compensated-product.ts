import { addInto, emitProduct } from './compensation';
import { gemm } from './gemm';

/**
 * A step of compensated products for a batch of matrices, in place on the sums and the products:
 * A += a; B += b; out = A B; then what `emitProduct` makes of it. Every matrix stays in the first-level cache.
 *
 * a (B + b) + A b of the definition is the change of A B: one product instead of two, rounded otherwise.
 * Strides and `packed` are those of `gemm`; t is 1 at the first step.
 */
export function compensatedProduct(
  a: usize,
  b: usize,
  sumA: usize,
  sumB: usize,
  product: usize,
  out: usize,
  packed: usize,
  batch: i32,
  rows: i32,
  columns: i32,
  inner: i32,
  aRow: i32,
  aColumn: i32,
  bRow: i32,
  bColumn: i32,
  t: f32,
): void {
  const left = rows * inner;
  const right = inner * columns;
  const size = rows * columns;
  for (let matrix = 0; matrix < batch; matrix++) {
    addInto(sumA, a, left);
    addInto(sumB, b, right);
    gemm(sumA, sumB, 0, out, packed, 1, rows, columns, inner, 0, aRow, aColumn, 0, bRow, bColumn, 0);
    emitProduct(out, product, size, t);
    a += <usize>left << 2;
    sumA += <usize>left << 2;
    b += <usize>right << 2;
    sumB += <usize>right << 2;
    out += <usize>size << 2;
    product += <usize>size << 2;
  }
}
