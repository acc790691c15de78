/**
 * The k-th smallest of many float32 numbers, for several k at once, exactly and in linear time: a radix
 * selection on keys that sort like the numbers, eleven bits at a time.
 *
 * @param ranks from 1
 */
export function smallest(data: Float32Array, ranks: readonly number[]): number[] {
  const keys = orderKeys(data);
  const counts = countDigits(keys, shifts[0]);
  return ranks.map((rank) => numberOf(select(keys, rank, 0, counts)));
}

/** Where the digits of a key begin; the last one has ten bits. */
const shifts = [21, 10, 0] as const;
const digitMask = 2047;

function select(keys: Uint32Array, rank: number, level: number, counts: Uint32Array): number {
  const shift = shifts[level]!;
  let below = 0;
  let digit = 0;
  while (below + counts[digit]! < rank) below += counts[digit++]!;
  const members = new Uint32Array(counts[digit]!);
  let found = 0;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (((key >>> shift) & digitMask) === digit) members[found++] = key;
  }
  if (level === shifts.length - 1) return members[0]!;
  return select(members, rank - below, level + 1, countDigits(members, shifts[level + 1]!));
}

function countDigits(keys: Uint32Array, shift: number): Uint32Array {
  const counts = new Uint32Array(digitMask + 1);
  for (let index = 0; index < keys.length; index++)
    counts[(keys[index]! >>> shift) & digitMask]! += 1;
  return counts;
}

/** Numbers that sort as unsigned integers do: negative floats turned round, positive ones above them. */
function orderKeys(data: Float32Array): Uint32Array {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const keys = new Uint32Array(words.length);
  for (let index = 0; index < keys.length; index++) {
    const word = words[index]!;
    keys[index] = word >>> 31 ? ~word : word ^ 0x80000000;
  }
  return keys;
}

function numberOf(key: number): number {
  const word = Uint32Array.of(key >>> 31 ? key ^ 0x80000000 : ~key);
  return new Float32Array(word.buffer)[0]!;
}
