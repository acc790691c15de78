/** What `assembly/index.ts` exports for single elements and for sums; `KernelExports` has the rest. */
export interface ElementwiseExports {
  extreme(
    a: number,
    b: number,
    out: number,
    length: number,
    aStep: number,
    bStep: number,
    smaller: number,
  ): void;
  segmentSum(x: number, segments: number, out: number, rows: number, width: number): void;
  spike(x: number, out: number, length: number, flags: number): void;
  squareRoot(x: number, out: number, length: number): void;
  sumMiddle(
    x: number,
    out: number,
    partial: number,
    outer: number,
    middle: number,
    inner: number,
    divisor: number,
  ): void;
  surrogateDerivative(
    u: number,
    out: number,
    length: number,
    kind: number,
    scale: number,
    height: number,
  ): void;
}
