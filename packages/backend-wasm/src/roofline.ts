import { readBinary } from './read-binary.ts';

/** What one thread of this machine does at most in WebAssembly with SIMD, as measured just now. */
export interface Roofline {
  /** Products and sums of float32 numbers in registers, per second. */
  readonly operationsPerSecond: number;
  /** Numbers from the nearest cache that are added up, per second: the limit of what spikes cause. */
  readonly additionsPerSecond: number;
  /** Reading and writing of memory that no cache holds. */
  readonly bytesPerSecond: number;
}

interface Probes {
  probeArithmetic(rounds: number): number;
  probeAdditions(x: number, length: number, rounds: number): number;
  probeMemory(x: number, y: number, out: number, length: number): void;
}

const kernelsUrl = new URL('../wasm/kernels.wasm', import.meta.url);
const page = 2 ** 16;
/** Bytes of each of three vectors: more than caches hold. */
const vector = 2 ** 26;
/** Numbers that fit into the nearest cache. */
const near = 4096;

/**
 * Measures the limits that kernels are compared with. Takes about half a second and 192 MiB.
 *
 * @param now a clock in milliseconds, such as `() => performance.now()`
 */
export async function measureRoofline(now: () => number): Promise<Roofline> {
  const memory = new WebAssembly.Memory({ initial: 1 + (3 * vector) / page });
  const { instance } = await WebAssembly.instantiate(await readBinary(kernelsUrl), {
    env: { memory },
  });
  // The binary is built from assembly/index.ts beside this file.
  const probes = instance.exports as unknown as Probes;
  // Memory that was never written is one page of zeros to the processor.
  new Float32Array(memory.buffer).fill(1);
  const rounds = 2 ** 21;
  const passes = 2 ** 12;
  return {
    operationsPerSecond: rate(now, 96 * rounds, () => probes.probeArithmetic(rounds)),
    additionsPerSecond: rate(now, near * passes, () => probes.probeAdditions(page, near, passes)),
    bytesPerSecond: rate(now, 3 * vector, () =>
      probes.probeMemory(page, page + vector, page + 2 * vector, vector / 4),
    ),
  };
}

/** The best of some runs: others on the machine only make it slower. */
function rate(now: () => number, count: number, work: () => unknown): number {
  let best = Infinity;
  // The first runs are before the compiler has looked twice.
  for (let run = 0; run < 8; run++) {
    const began = now();
    work();
    best = Math.min(best, now() - began);
  }
  return (1000 * count) / best;
}
