import { address, word } from './word';

/** Bytes of a row of a panel: sixteen outputs. */
const ROW_BYTES: usize = 64;

/**
 * Packs some channels of every head of the currents as weights, which change with the sample and the timestep:
 * panels of sixteen outputs, `[rows, 16]` each. Channels are the outputs and positions the rows, or transposed.
 */
export function panelsFromCurrents(d: usize, first: i32, last: i32): void {
  const T = word(d, 2);
  const heads = word(d, 4);
  const L = word(d, 5);
  const B = word(d, 7);
  const count = word(d, 10);
  const transposed = word(d, 11);
  const blocks = (word(d, 6) + B - 1) / B;
  const outputs = transposed ? L : count;
  const rows = transposed ? count : L;
  const panelBytes = <usize>rows * ROW_BYTES;
  const unitBytes = <usize>((outputs + 15) / 16) * panelBytes;
  const positionBytes = <usize>(T * B) << 2;
  let panel = address(d, 1) + <usize>first * unitBytes;
  for (let unit = first; unit < last; unit++) {
    const h = unit % heads;
    const t = (unit / heads) % T;
    const n = word(d, 12) + unit / (heads * T);
    const head = h * word(d, 8) + word(d, 9);
    // A panel's last outputs may be missing, and whole rows are written first.
    for (let at: usize = 0; at < unitBytes; at += 16) v128.store(panel + at, i32x4.splat(0));
    for (let i = 0; i < count; i++) {
      const c = head + i;
      const block = c / B;
      let from =
        address(d, 0) + (<usize>((((n * blocks + block) * L) * T + t) * B + c - block * B) << 2);
      for (let l = 0; l < L; l++) {
        const output = transposed ? l : i;
        const row = transposed ? i : l;
        const to =
          panel +
          <usize>(output >> 4) * panelBytes +
          <usize>row * ROW_BYTES +
          (<usize>(output & 15) << 2);
        store<f32>(to, load<f32>(from));
        from += positionBytes;
      }
    }
    panel += unitBytes;
  }
}
