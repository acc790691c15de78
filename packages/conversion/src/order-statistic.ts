/**
 * The k-th smallest of many float32 numbers, for several k at once, exactly and in linear time: counts by
 * the upper 16 bits of an order-preserving key, then sorts the one bucket that holds the answer.
 *
 * @param ranks from 1
 */
export function smallest(data: Float32Array, ranks: readonly number[]): number[] {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const counts = new Uint32Array(1 << 16);
  for (let index = 0; index < words.length; index++) counts[orderKey(words[index]!) >>> 16]! += 1;
  return ranks.map((rank) => {
    let below = 0;
    let bucket = 0;
    while (below + counts[bucket]! < rank) below += counts[bucket++]!;
    const members = new Float32Array(counts[bucket]!);
    let found = 0;
    for (let index = 0; index < words.length; index++) {
      if (orderKey(words[index]!) >>> 16 === bucket) members[found++] = data[index]!;
    }
    return members.sort()[rank - 1 - below]!;
  });
}

/** Maps the bits of a float32 to a number that sorts the same way. */
function orderKey(bits: number): number {
  return (bits >>> 31 ? ~bits : bits | 0x80000000) >>> 0;
}
