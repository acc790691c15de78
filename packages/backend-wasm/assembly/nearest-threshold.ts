/**
 * One timestep of multi-threshold neurons with edges half-way between levels, in place on the membrane
 * potentials: m = v * kept + x; out[i] is the largest level that |m| reaches, with the sign of m; v := m - out.
 *
 * An octave has `perOctave` levels. The table says of each: the level of positive and of negative numbers in
 * the first octave, and the edges from which on they are reached; level k + perOctave * j is 2^j times as
 * large, and so is its edge. A base of 0 never fires.
 *
 * The exponent of |m| / edge * (1 + 2^-20) is the octave or the next one, whatever the rounding; the exact
 * comparison decides between the two.
 */
export function nearestThreshold(
  v: usize,
  x: usize,
  out: usize,
  length: i32,
  kept: f32,
  table: usize,
  perOctave: i32,
  levels: i32,
): void {
  const keptShare = f32x4.splat(kept);
  const positiveEdge = load<f32>(table + 8);
  const negativeEdge = load<f32>(table + 12);
  const up = v128.load32_splat(table);
  const down = v128.load32_splat(table + 4);
  const upEdge = f32x4.splat(positiveEdge);
  const downEdge = f32x4.splat(negativeEdge);
  const upInverse = f32x4.splat(positiveEdge > 0 ? 1 / positiveEdge : 0);
  const downInverse = f32x4.splat(negativeEdge > 0 ? 1 / negativeEdge : 0);
  const top = i32x4.splat((levels - 1) / perOctave);
  const bytes = <usize>length << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    const isWhole = at + 16 <= bytes;
    const before = isWhole ? v128.load(v + at) : loadRest(v + at, bytes - at);
    const current = isWhole ? v128.load(x + at) : loadRest(x + at, bytes - at);
    const m = f32x4.add(f32x4.mul(before, keptShare), current);
    const signs = v128.and(m, i32x4.splat(<i32>0x80000000));
    const isNegative = i32x4.shr_s(m, 31);
    const size = v128.xor(m, signs);
    const edge = v128.bitselect(downEdge, upEdge, isNegative);
    const inverse = v128.bitselect(downInverse, upInverse, isNegative);
    const scaled = f32x4.mul(f32x4.mul(size, inverse), f32x4.splat(1.00000095367431640625));
    const candidate = i32x4.min_s(
      i32x4.sub(i32x4.shr_u(scaled, 23), i32x4.splat(127)),
      top,
    );
    const reaches = f32x4.ge(size, f32x4.mul(edge, powerOfTwo(candidate)));
    // A comparison that holds is -1: what does not reach the candidate is one octave below.
    const octave = i32x4.sub(i32x4.sub(candidate, i32x4.splat(1)), reaches);
    const power = powerOfTwo(octave);
    const base = v128.bitselect(down, up, isNegative);
    let level = base;
    for (let within = 1; within < perOctave; within++) {
      const entry = table + (<usize>within << 4);
      const next = v128.bitselect(
        v128.load32_splat(entry + 4),
        v128.load32_splat(entry),
        isNegative,
      );
      const nextEdge = v128.bitselect(
        v128.load32_splat(entry + 12),
        v128.load32_splat(entry + 8),
        isNegative,
      );
      const exists = i32x4.splat((levels - 1 - within + perOctave) / perOctave - 1);
      const reachesNext = v128.and(
        f32x4.ge(size, f32x4.mul(nextEdge, power)),
        i32x4.le_s(octave, exists),
      );
      level = v128.bitselect(next, level, reachesNext);
    }
    level = f32x4.mul(level, power);
    const fires = v128.and(
      v128.and(f32x4.eq(m, m), i32x4.ge_s(octave, i32x4.splat(0))),
      f32x4.gt(base, f32x4.splat(0)),
    );
    const spikes = v128.and(v128.or(level, signs), fires);
    const after = f32x4.sub(m, spikes);
    if (isWhole) {
      v128.store(out + at, spikes);
      v128.store(v + at, after);
    } else {
      storeRest(out + at, spikes, bytes - at);
      storeRest(v + at, after, bytes - at);
    }
  }
}

/** 2^k for k from -127 to 127. */
// @ts-ignore: decorator
@inline
function powerOfTwo(exponent: v128): v128 {
  return i32x4.shl(i32x4.add(exponent, i32x4.splat(127)), 23);
}

/** The last numbers, fewer than four, with zeros after them. */
function loadRest(from: usize, bytes: usize): v128 {
  let lanes = f32x4.splat(0);
  lanes = f32x4.replace_lane(lanes, 0, load<f32>(from));
  if (bytes > 4) lanes = f32x4.replace_lane(lanes, 1, load<f32>(from + 4));
  if (bytes > 8) lanes = f32x4.replace_lane(lanes, 2, load<f32>(from + 8));
  return lanes;
}

function storeRest(to: usize, lanes: v128, bytes: usize): void {
  store<f32>(to, f32x4.extract_lane(lanes, 0));
  if (bytes > 4) store<f32>(to + 4, f32x4.extract_lane(lanes, 1));
  if (bytes > 8) store<f32>(to + 8, f32x4.extract_lane(lanes, 2));
}
