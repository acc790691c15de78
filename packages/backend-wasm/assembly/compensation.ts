import { loadFour, storeFour } from './four';

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
 * The output of a compensated product from the product of the sums, in place: change = out - product,
 * product = out, out = change / (t - 1) - product / (t * (t - 1)). At the first step, out stays.
 */
export function emitProduct(out: usize, product: usize, length: i32, t: f32): void {
  if (t == 1) {
    addInto(product, out, length);
    return;
  }
  const share = f32x4.splat(1 / (t - 1));
  const back = f32x4.splat(1 / (t * (t - 1)));
  const bytes = <usize>length << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const left = <i32>((bytes - at) >> 2);
    const total = loadFour(out + at, left);
    const change = f32x4.sub(total, loadFour(product + at, left));
    const value = f32x4.sub(f32x4.mul(change, share), f32x4.mul(total, back));
    storeFour(out + at, value, left);
    storeFour(product + at, total, left);
  }
}
