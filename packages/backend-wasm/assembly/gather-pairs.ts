/**
 * What `gatherWindows` does, for images of which little is zero: windows go in pairs, and where a row of both is
 * complete, weights are read once for both. The bits are the same. There are at least two columns of windows.
 *
 * `full` is the size of the list of a row of a window with nothing left out, in bytes.
 */
export function gatherWindowPairs(
  starts: usize,
  windowStep: usize,
  rowStep: usize,
  span: usize,
  windows: usize,
  height: i32,
  width: i32,
  kernelHeight: i32,
  weights: usize,
  weightStep: usize,
  full: usize,
  out: usize,
): void {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column += 2) {
      // The last of an odd number goes once more with its neighbour.
      const first = <usize>min(column, width - 2);
      const window = windows + (first << 3);
      gatherTwo(
        starts + load<usize>(window),
        weights - load<usize>(window, 4),
        starts + load<usize>(window, 8),
        weights - load<usize>(window, 12),
        rowStep,
        span,
        kernelHeight,
        weightStep,
        full,
        out + (first << 6),
      );
    }
    out += <usize>width << 6;
    starts += windowStep;
  }
}

/** Nothing is called while the sums are in registers, or V8 would keep them in memory. */
function gatherTwo(
  start: usize,
  base: usize,
  nextStart: usize,
  nextBase: usize,
  rowStep: usize,
  span: usize,
  kernelHeight: i32,
  weightStep: usize,
  full: usize,
  out: usize,
): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let line = 0; line < kernelHeight; line++) {
    let event = load<usize>(start);
    const end = load<usize>(start + span);
    let next = load<usize>(nextStart);
    const nextEnd = load<usize>(nextStart + span);
    if (end - event == full && nextEnd - next == full) {
      let from = base + load<usize>(event);
      while (event < end) {
        const a = v128.load_splat<f32>(event, 4);
        const b = v128.load_splat<f32>(next, 4);
        let row = v128.load(from);
        a0 = f32x4.add(a0, f32x4.mul(a, row));
        b0 = f32x4.add(b0, f32x4.mul(b, row));
        row = v128.load(from, 16);
        a1 = f32x4.add(a1, f32x4.mul(a, row));
        b1 = f32x4.add(b1, f32x4.mul(b, row));
        row = v128.load(from, 32);
        a2 = f32x4.add(a2, f32x4.mul(a, row));
        b2 = f32x4.add(b2, f32x4.mul(b, row));
        row = v128.load(from, 48);
        a3 = f32x4.add(a3, f32x4.mul(a, row));
        b3 = f32x4.add(b3, f32x4.mul(b, row));
        from += 64;
        event += 8;
        next += 8;
      }
    } else {
      while (event < end) {
        const from = base + load<usize>(event);
        const a = v128.load_splat<f32>(event, 4);
        a0 = f32x4.add(a0, f32x4.mul(a, v128.load(from)));
        a1 = f32x4.add(a1, f32x4.mul(a, v128.load(from, 16)));
        a2 = f32x4.add(a2, f32x4.mul(a, v128.load(from, 32)));
        a3 = f32x4.add(a3, f32x4.mul(a, v128.load(from, 48)));
        event += 8;
      }
      while (next < nextEnd) {
        const from = nextBase + load<usize>(next);
        const b = v128.load_splat<f32>(next, 4);
        b0 = f32x4.add(b0, f32x4.mul(b, v128.load(from)));
        b1 = f32x4.add(b1, f32x4.mul(b, v128.load(from, 16)));
        b2 = f32x4.add(b2, f32x4.mul(b, v128.load(from, 32)));
        b3 = f32x4.add(b3, f32x4.mul(b, v128.load(from, 48)));
        next += 8;
      }
    }
    start += rowStep;
    nextStart += rowStep;
    base += weightStep;
    nextBase += weightStep;
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, a2, 32);
  v128.store(out, a3, 48);
  v128.store(out, b0, 64);
  v128.store(out, b1, 80);
  v128.store(out, b2, 96);
  v128.store(out, b3, 112);
}
