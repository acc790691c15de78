import { readFileSync } from 'node:fs';
import { createRandom, type Random } from '@spikeloom/ir';
import { expect } from 'vitest';

type Kernel = (descriptor: number, first: number, last: number) => void;
type Numbers = Float32Array | Int16Array | Uint16Array | Uint32Array | Uint8Array;

const memory = new WebAssembly.Memory({ initial: 128 });
const binary = readFileSync(new URL('../../wasm/engine.wasm', import.meta.url));
export const kernels = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } })
  .exports as Readonly<Record<string, Kernel>>;

/** What a descriptor word holds: an integer or an address, or a number. */
export type Word = number | { readonly float: number };

export interface Arena {
  /** Copies data into the memory of the kernels. */
  place(data: Numbers): number;
  /** Room that holds garbage. */
  reserve(bytes: number): number;
  describe(words: readonly Word[]): number;
  read<T extends Numbers>(
    type: new (buffer: ArrayBuffer, at: number, length: number) => T,
    at: number,
    length: number,
  ): T;
}

/** Lays out data from the beginning of the memory, all of which holds garbage. */
export function createArena(): Arena {
  new Uint8Array(memory.buffer).fill(0xa5);
  let top = 64;
  const reserve = (bytes: number): number => {
    const at = top;
    top += Math.ceil(bytes / 16) * 16;
    if (top > memory.buffer.byteLength) throw new Error(`${top} bytes do not fit`);
    return at;
  };
  return {
    reserve,
    place(data) {
      const at = reserve(data.byteLength);
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      new Uint8Array(memory.buffer).set(bytes, at);
      return at;
    },
    describe(words) {
      const at = reserve(4 * words.length);
      const view = new DataView(memory.buffer, at);
      words.forEach((word, index) => {
        if (typeof word === 'number') view.setInt32(4 * index, word, true);
        else view.setFloat32(4 * index, word.float, true);
      });
      return at;
    },
    read: (type, at, length) => new type(memory.buffer, at, length).slice() as never,
  };
}

/** A kernel with its data laid out: what to run, on how many units, and what it wrote. */
export interface Prepared {
  readonly kernel: string;
  readonly descriptor: number;
  readonly units: number;
  results(): Readonly<Record<string, Numbers>>;
}

/** Runs all units at once, and in random parts in random order; expects the same bits of both. */
export function runInParts(
  prepare: (arena: Arena) => Prepared,
  seed: number,
): Readonly<Record<string, Numbers>> {
  const whole = prepare(createArena());
  kernels[whole.kernel]!(whole.descriptor, 0, whole.units);
  const results = whole.results();
  const parts = prepare(createArena());
  const random = createRandom(seed);
  for (const [first, last] of shuffled(partsOf(parts.units, random), random)) {
    kernels[parts.kernel]!(parts.descriptor, first, last);
  }
  expectSame(parts.results(), results);
  return results;
}

/** Expects the same bits, where they mean something. */
export function expectSame(
  actual: Readonly<Record<string, Numbers>>,
  expected: Readonly<Record<string, Numbers>>,
  matters: Readonly<Record<string, (at: number) => boolean>> = {},
): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, values] of Object.entries(actual)) {
    const wanted = expected[name]!;
    expect(values.length, name).toBe(wanted.length);
    const found: string[] = [];
    for (let at = 0; at < wanted.length && found.length < 5; at++) {
      if (Object.is(values[at], wanted[at]) || matters[name]?.(at) === false) continue;
      found.push(`at ${at}: ${values[at]}, expected ${wanted[at]}`);
    }
    expect(found, name).toEqual([]);
  }
}

function partsOf(units: number, random: Random): [number, number][] {
  const parts: [number, number][] = [];
  for (let first = 0; first < units;) {
    const last = Math.min(units, first + 1 + random.below(Math.max(1, units >> 1)));
    parts.push([first, last]);
    first = last;
  }
  return parts;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const keyed = items.map((item) => [random.uniform(), item] as const);
  return keyed.sort(([a], [b]) => a - b).map(([, item]) => item);
}
