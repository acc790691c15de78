import { productsOf, squaresOf, sumOf } from './sums';

/**
 * Normalises every channel of `[samples, channels, inner]` by the mean and the biased variance of the batch,
 * which are written to `mean` and `variance`. Channel by channel, so that the second and the third reading
 * find it in the cache.
 */
export function batchNormStatistics(
  x: usize,
  weight: usize,
  bias: usize,
  out: usize,
  mean: usize,
  variance: usize,
  samples: i32,
  channels: i32,
  inner: i32,
  epsilon: f32,
): void {
  const row = <usize>inner << 2;
  const step = <usize>channels * row;
  const count = <f64>samples * <f64>inner;
  for (let channel = 0; channel < channels; channel++) {
    const at = <usize>channel << 2;
    const first = x + <usize>channel * row;
    let sum: f64 = 0;
    for (let sample = 0; sample < samples; sample++) {
      sum += sumOf(first + <usize>sample * step, row);
    }
    const centre = <f32>(sum / count);
    let squares: f64 = 0;
    for (let sample = 0; sample < samples; sample++) {
      squares += squaresOf(first + <usize>sample * step, row, centre);
    }
    const spread = <f32>(squares / count);
    store<f32>(mean + at, centre);
    store<f32>(variance + at, spread);
    const scale = load<f32>(weight + at) / sqrt<f32>(spread + epsilon);
    const shift = load<f32>(bias + at);
    for (let sample = 0; sample < samples; sample++) {
      const offset = <usize>channel * row + <usize>sample * step;
      centreAndScale(x + offset, out + offset, row, centre, scale, shift);
    }
  }
}

/**
 * The gradients of `batchNormStatistics`, of x and, per channel, of weight and bias:
 * x = a * (gradient - mean of gradients) - b * (x - mean).
 */
export function batchNormStatisticsGradient(
  x: usize,
  weight: usize,
  mean: usize,
  variance: usize,
  gradient: usize,
  out: usize,
  weightOut: usize,
  biasOut: usize,
  samples: i32,
  channels: i32,
  inner: i32,
  epsilon: f32,
): void {
  const row = <usize>inner << 2;
  const step = <usize>channels * row;
  const count = <f64>samples * <f64>inner;
  for (let channel = 0; channel < channels; channel++) {
    const at = <usize>channel << 2;
    const first = <usize>channel * row;
    const centre = load<f32>(mean + at);
    const deviation = sqrt<f64>(<f64>load<f32>(variance + at) + <f64>epsilon);
    let sum: f64 = 0;
    let products: f64 = 0;
    for (let sample = 0; sample < samples; sample++) {
      const offset = first + <usize>sample * step;
      sum += sumOf(gradient + offset, row);
      products += productsOf(x + offset, gradient + offset, row, centre);
    }
    const bySize = products / deviation;
    store<f32>(biasOut + at, <f32>sum);
    store<f32>(weightOut + at, <f32>bySize);
    const a = <f64>load<f32>(weight + at) / deviation;
    const b = (a * bySize) / (count * deviation);
    const shift = <f32>(sum / count);
    for (let sample = 0; sample < samples; sample++) {
      const offset = first + <usize>sample * step;
      combine(x + offset, gradient + offset, out + offset, row, centre, shift, <f32>a, <f32>b);
    }
  }
}

/** Normalises every channel by given statistics; the operations are those of the operator's lowering. */
export function batchNorm(
  x: usize,
  weight: usize,
  bias: usize,
  mean: usize,
  variance: usize,
  out: usize,
  samples: i32,
  channels: i32,
  inner: i32,
  epsilon: f32,
): void {
  const row = <usize>inner << 2;
  for (let channel = 0; channel < channels; channel++) {
    const at = <usize>channel << 2;
    const scale = load<f32>(weight + at) / sqrt<f32>(load<f32>(variance + at) + epsilon);
    const shift = load<f32>(bias + at) - load<f32>(mean + at) * scale;
    for (let sample = 0; sample < samples; sample++) {
      const offset = <usize>(sample * channels + channel) * row;
      centreAndScale(x + offset, out + offset, row, 0, scale, shift);
    }
  }
}

/** out = (x - centre) * scale + shift. */
function centreAndScale(
  x: usize,
  out: usize,
  bytes: usize,
  centre: f32,
  scale: f32,
  shift: f32,
): void {
  const centres = f32x4.splat(centre);
  const scales = f32x4.splat(scale);
  const shifts = f32x4.splat(shift);
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const distance = f32x4.sub(v128.load(x + at), centres);
    v128.store(out + at, f32x4.add(f32x4.mul(distance, scales), shifts));
  }
  for (; at < bytes; at += 4) {
    store<f32>(out + at, (load<f32>(x + at) - centre) * scale + shift);
  }
}

/** out = a * (gradient - shift) - b * (x - centre). */
function combine(
  x: usize,
  gradient: usize,
  out: usize,
  bytes: usize,
  centre: f32,
  shift: f32,
  a: f32,
  b: f32,
): void {
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const distance = f32x4.sub(v128.load(x + at), f32x4.splat(centre));
    const excess = f32x4.sub(v128.load(gradient + at), f32x4.splat(shift));
    const first = f32x4.mul(f32x4.splat(a), excess);
    v128.store(out + at, f32x4.sub(first, f32x4.mul(f32x4.splat(b), distance)));
  }
  for (; at < bytes; at += 4) {
    const distance = load<f32>(x + at) - centre;
    store<f32>(out + at, a * (load<f32>(gradient + at) - shift) - b * distance);
  }
}
