/** Running sums: sum += x and mean = sum / t, for `length` elements. */
export function advanceMean(sum: usize, x: usize, mean: usize, length: i32, t: f32): void {
  const time = f32x4.splat(t);
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const total = f32x4.add(v128.load(sum + at), v128.load(x + at));
    v128.store(sum + at, total);
    v128.store(mean + at, f32x4.div(total, time));
  }
  for (; at < bytes; at += 4) {
    const total = load<f32>(sum + at) + load<f32>(x + at);
    store<f32>(sum + at, total);
    store<f32>(mean + at, total / t);
  }
}

/** Differences of t * f: out = f * t - before, before = f * t. `out` may be `f`. */
export function emitDifference(f: usize, before: usize, out: usize, length: i32, t: f32): void {
  const time = f32x4.splat(t);
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const now = f32x4.mul(v128.load(f + at), time);
    v128.store(out + at, f32x4.sub(now, v128.load(before + at)));
    v128.store(before + at, now);
  }
  for (; at < bytes; at += 4) {
    const now = load<f32>(f + at) * t;
    store<f32>(out + at, now - load<f32>(before + at));
    store<f32>(before + at, now);
  }
}

/** sum += x. */
export function addInto(sum: usize, x: usize, length: i32): void {
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    v128.store(sum + at, f32x4.add(v128.load(sum + at), v128.load(x + at)));
  }
  for (; at < bytes; at += 4) store<f32>(sum + at, load<f32>(sum + at) + load<f32>(x + at));
}

/**
 * The output of a compensated product from the change of the product of sums, in place:
 * product += change; out = change / (t - 1) - product / (t * (t - 1)).
 */
export function emitProduct(change: usize, product: usize, length: i32, t: f32): void {
  const before = f32x4.splat(t - 1);
  const divisor = f32x4.splat(t * (t - 1));
  const bytes = (<usize>length) << 2;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const delta = v128.load(change + at);
    const total = f32x4.add(v128.load(product + at), delta);
    v128.store(product + at, total);
    v128.store(change + at, f32x4.sub(f32x4.div(delta, before), f32x4.div(total, divisor)));
  }
  for (; at < bytes; at += 4) {
    const delta = load<f32>(change + at);
    const total = load<f32>(product + at) + delta;
    store<f32>(product + at, total);
    store<f32>(change + at, delta / (t - 1) - total / (t * (t - 1)));
  }
}
