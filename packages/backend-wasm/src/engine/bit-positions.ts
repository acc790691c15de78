/** For every byte, the positions of its set bits, in eight words; the rest of them do not matter. */
export function bitPositions(): Uint16Array {
  const table = new Uint16Array(256 * 8);
  for (let byte = 0; byte < 256; byte++) {
    let at = byte * 8;
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) table[at++] = bit;
  }
  return table;
}
