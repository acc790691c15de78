import type { Random } from '@spikeloom/ir';

/** Lanes of a block of numbers, and of int16 sums. */
export const lanesOf = { f32: 16, i16: 32, i8: 32 } as const;
export type Mode = keyof typeof lanesOf;

export const blocksOf = (channels: number, lanes: number): number => Math.ceil(channels / lanes);

/** Currents `[samples][blocks][positions][timesteps][lanes]`. */
export function currentAt(
  size: { readonly C: number; readonly P: number; readonly T: number; readonly B: number },
  at: { readonly n: number; readonly c: number; readonly p: number; readonly t: number },
): number {
  const block = at.n * blocksOf(size.C, size.B) + Math.floor(at.c / size.B);
  return ((block * size.P + at.p) * size.T + at.t) * size.B + (at.c % size.B);
}

/** Spikes `[timesteps][samples][positions][bytes]`, one bit a channel. */
export interface Spikes {
  readonly bits: Uint8Array;
  readonly N: number;
  readonly P: number;
  readonly bytes: number;
}

export const createSpikes = (T: number, N: number, P: number, bytes: number): Spikes => ({
  bits: new Uint8Array(T * N * P * bytes),
  N,
  P,
  bytes,
});

const byteOf = ({ N, P, bytes }: Spikes, t: number, n: number, p: number, c: number): number =>
  ((t * N + n) * P + p) * bytes + (c >> 3);

export const hasSpike = (s: Spikes, t: number, n: number, p: number, c: number): boolean =>
  ((s.bits[byteOf(s, t, n, p, c)]! >> (c & 7)) & 1) === 1;

export function setSpike(s: Spikes, t: number, n: number, p: number, c: number): void {
  s.bits[byteOf(s, t, n, p, c)]! |= 1 << (c & 7);
}

/** Spikes of `C` channels at random; the bits beyond are 0. */
export function randomSpikes(
  random: Random,
  size: { readonly T: number; readonly N: number; readonly P: number; readonly C: number },
  rate: number,
): Spikes {
  const { T, N, P, C } = size;
  // One spare byte that is nobody's channel: pixels may be wider than their channels.
  const spikes = createSpikes(T, N, P, Math.ceil(C / 8) + random.below(2));
  for (let t = 0; t < T; t++)
    for (let n = 0; n < N; n++)
      for (let p = 0; p < P; p++)
        for (let c = 0; c < C; c++) if (random.uniform() < rate) setSpike(spikes, t, n, p, c);
  return spikes;
}

/** The same with positions of whole blocks of `B` channels, as plans have them. */
export function blockSpikes(
  random: Random,
  size: Record<'T' | 'N' | 'P' | 'C' | 'B', number>,
  rate: number,
): Spikes {
  const { T, N, P, C, B } = size;
  const spikes = createSpikes(T, N, P, (blocksOf(C, B) * B) / 8);
  for (let t = 0; t < T; t++)
    for (let n = 0; n < N; n++)
      for (let p = 0; p < P; p++)
        for (let c = 0; c < C; c++) if (random.uniform() < rate) setSpike(spikes, t, n, p, c);
  return spikes;
}

/** The positions of the set bits of every byte. */
export function bitTable(): Uint16Array {
  const table = new Uint16Array(256 * 8);
  for (let byte = 0; byte < 256; byte++) {
    let at = byte * 8;
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) table[at++] = bit;
  }
  return table;
}

export interface Lines {
  readonly T: number;
  readonly N: number;
  readonly G: number;
  readonly H: number;
  readonly W: number;
  readonly Cg: number;
  readonly firstSample: number;
  readonly capacity: number;
}

/** Event lists of every line of the samples from `firstSample` on. */
export function listEvents(
  spikes: Spikes,
  size: Lines,
): { readonly events: Uint16Array; readonly starts: Uint32Array } {
  const { T, N, G, H, W, Cg, firstSample, capacity } = size;
  const lines = (N - firstSample) * T * G * H;
  const events = new Uint16Array(lines * capacity + 64);
  const starts = new Uint32Array(lines * (W + 1));
  for (let line = 0; line < lines; line++) {
    const [y, g] = [line % H, Math.floor(line / H) % G];
    const t = Math.floor(line / (H * G)) % T;
    const n = firstSample + Math.floor(line / (H * G * T));
    let event = line * capacity;
    for (let x = 0; x < W; x++) {
      starts[line * (W + 1) + x] = event;
      for (let c = 0; c < Cg; c++) {
        if (hasSpike(spikes, t, n, y * W + x, g * Cg + c)) events[event++] = x * Cg + c;
      }
    }
    starts[line * (W + 1) + W] = event;
  }
  return { events, starts };
}
