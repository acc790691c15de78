/**
 * Sixteen outputs of a convolution for some rows of windows: `out` `[height, width, 16]` is the sum of the
 * weights of all events in each window, times their values. A window is, in each of `kernelHeight` rows of
 * events, the events of neighbouring columns; its sum runs in that order in one accumulator, and leaving out
 * zeros does not change it.
 *
 * `starts` is what `listWindowEvents` wrote, from the first row of the first window on; sizes in bytes:
 * `windowStep` from the row of one window to that of the next, `rowStep` from one row of a window to the
 * next, `span` from the first start of a row of a window to that of the column after it, `weightStep` from
 * the weights of one row of the kernel to those of the next. `windows` holds pairs for every column of windows:
 * where its starts lie in a row, and the place its events count from.
 */
export function gatherWindows(
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
  out: usize,
): void {
  const windowsEnd = windows + (<usize>width << 3);
  for (let row = 0; row < height; row++) {
    for (let window = windows; window < windowsEnd; window += 8) {
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let start = starts + load<usize>(window);
      let base = weights - load<usize>(window, 4);
      for (let line = 0; line < kernelHeight; line++) {
        let event = load<usize>(start);
        const end = load<usize>(start + span);
        // Four accumulators: with more, V8 of Node 20 spills one of them.
        while (event < end) {
          const from = base + load<usize>(event);
          const value = v128.load_splat<f32>(event, 4);
          s0 = f32x4.add(s0, f32x4.mul(value, v128.load(from)));
          s1 = f32x4.add(s1, f32x4.mul(value, v128.load(from, 16)));
          s2 = f32x4.add(s2, f32x4.mul(value, v128.load(from, 32)));
          s3 = f32x4.add(s3, f32x4.mul(value, v128.load(from, 48)));
          event += 8;
        }
        start += rowStep;
        base += weightStep;
      }
      v128.store(out, s0);
      v128.store(out, s1, 16);
      v128.store(out, s2, 32);
      v128.store(out, s3, 48);
      out += 64;
    }
    starts += windowStep;
  }
}

/**
 * Adds to `sums` `[taps, channels, 16]` the products of sixteen planes, `panel` `[pixels, 16]`, with the
 * events of every channel, moved by every tap.
 *
 * `starts` is what `listPlaneEvents` wrote for `groups` groups; `taps` holds pairs: which group of pixels a
 * tap meets, and how far it moves them, in bytes.
 */
export function gatherTaps(
  starts: usize,
  channels: i32,
  groups: i32,
  taps: usize,
  tapCount: i32,
  panel: usize,
  sums: usize,
): void {
  const tapsEnd = taps + (<usize>tapCount << 3);
  const step = <usize>groups << 2;
  for (; taps < tapsEnd; taps += 8) {
    let start = starts + (<usize>load<i32>(taps) << 2);
    const base = panel + load<usize>(taps, 4);
    for (let channel = 0; channel < channels; channel++) {
      let event = load<usize>(start);
      const end = load<usize>(start, 4);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      while (event < end) {
        const from = base + load<usize>(event);
        const value = v128.load_splat<f32>(event, 4);
        s0 = f32x4.add(s0, f32x4.mul(value, v128.load(from)));
        s1 = f32x4.add(s1, f32x4.mul(value, v128.load(from, 16)));
        s2 = f32x4.add(s2, f32x4.mul(value, v128.load(from, 32)));
        s3 = f32x4.add(s3, f32x4.mul(value, v128.load(from, 48)));
        event += 8;
      }
      v128.store(sums, f32x4.add(v128.load(sums), s0));
      v128.store(sums, f32x4.add(v128.load(sums, 16), s1), 16);
      v128.store(sums, f32x4.add(v128.load(sums, 32), s2), 32);
      v128.store(sums, f32x4.add(v128.load(sums, 48), s3), 48);
      sums += 64;
      start += step;
    }
  }
}
