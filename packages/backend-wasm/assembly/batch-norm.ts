import { productsOf, squaresOf, sumOf } from './sums';

// All of these go through `[samples, channels, inner]` as it lies in memory, and know every channel's numbers:
// channel by channel, each row would be fetched anew.

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
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      const at = <usize>channel << 2;
      const scale = load<f32>(weight + at) / sqrt<f32>(load<f32>(variance + at) + epsilon);
      const shift = load<f32>(bias + at) - load<f32>(mean + at) * scale;
      centreAndScale(x, out, row, 0, scale, shift);
      x += row;
      out += row;
    }
  }
}

/**
 * Normalises every channel by the mean and the biased variance of the batch, which are written to `mean` and
 * `variance`. `sums` has room for a float64 per channel.
 */
export function batchNormStatistics(
  x: usize,
  weight: usize,
  bias: usize,
  out: usize,
  mean: usize,
  variance: usize,
  sums: usize,
  samples: i32,
  channels: i32,
  inner: i32,
  epsilon: f32,
): void {
  const row = <usize>inner << 2;
  const count = <f64>samples * <f64>inner;
  memory.fill(sums, 0, <usize>channels << 3);
  let from = x;
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      add(sums, channel, sumOf(from, row));
      from += row;
    }
  }
  toMeans(sums, mean, channels, count);
  from = x;
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      add(sums, channel, squaresOf(from, row, load<f32>(mean + (<usize>channel << 2))));
      from += row;
    }
  }
  toMeans(sums, variance, channels, count);
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      const at = <usize>channel << 2;
      const scale = load<f32>(weight + at) / sqrt<f32>(load<f32>(variance + at) + epsilon);
      centreAndScale(x, out, row, load<f32>(mean + at), scale, load<f32>(bias + at));
      x += row;
      out += row;
    }
  }
}

/**
 * The gradients of `batchNormStatistics`, of x and, per channel, of weight and bias: that of x is
 * a * (gradient - mean of gradients) - b * (x - mean). `sums` has room for two float64 per channel.
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
  sums: usize,
  samples: i32,
  channels: i32,
  inner: i32,
  epsilon: f32,
): void {
  const row = <usize>inner << 2;
  const count = <f64>samples * <f64>inner;
  const products = sums + (<usize>channels << 3);
  memory.fill(sums, 0, <usize>channels << 4);
  let offset: usize = 0;
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      const centre = load<f32>(mean + (<usize>channel << 2));
      add(sums, channel, sumOf(gradient + offset, row));
      add(products, channel, productsOf(x + offset, gradient + offset, row, centre));
      offset += row;
    }
  }
  for (let channel = 0; channel < channels; channel++) {
    const at = <usize>channel << 2;
    const deviation = sqrt<f64>(<f64>load<f32>(variance + at) + <f64>epsilon);
    store<f32>(biasOut + at, <f32>load<f64>(sums + 2 * at));
    store<f32>(weightOut + at, <f32>(load<f64>(products + 2 * at) / deviation));
  }
  offset = 0;
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      const at = <usize>channel << 2;
      const power = <f64>load<f32>(variance + at) + <f64>epsilon;
      const a = <f64>load<f32>(weight + at) / sqrt<f64>(power);
      const b = (a * load<f64>(products + 2 * at)) / (count * power);
      combine(
        x + offset,
        gradient + offset,
        out + offset,
        row,
        load<f32>(mean + at),
        <f32>(load<f64>(sums + 2 * at) / count),
        <f32>a,
        <f32>b,
      );
      offset += row;
    }
  }
}

// @ts-ignore: decorator
@inline
function add(sums: usize, channel: i32, value: f64): void {
  const at = sums + (<usize>channel << 3);
  store<f64>(at, load<f64>(at) + value);
}

/** Divides sums, writes them down, and clears them. */
function toMeans(sums: usize, out: usize, channels: i32, count: f64): void {
  for (let channel = 0; channel < channels; channel++) {
    store<f32>(out + (<usize>channel << 2), <f32>(load<f64>(sums + (<usize>channel << 3)) / count));
  }
  memory.fill(sums, 0, <usize>channels << 3);
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
