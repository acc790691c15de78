import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';

/** Below this, as beyond the largest number, a base times powers of two could lose exactness. */
const smallestBase = 1e-30;

const accepts: NonNullable<TfjsKernel['accepts']> = ({ attributes }) => {
  const bases = [Number(attributes['positive']), Number(attributes['negative'])];
  const levels = Number(attributes['levels']);
  const isExact = (base: number): boolean =>
    base > smallestBase && Math.fround(base * 2 ** levels) < Infinity;
  return levels <= 32 && bases.every((base) => base === 0 || isExact(base));
};

/** One pass over the membrane potentials, in place. */
export function multiThreshold(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.neurons/multi-threshold',
    accepts: (node) =>
      node.attributes['edge'] === 'nearest'
        ? acceptsNearest(node)
        : node.attributes['perOctave'] === 1 && accepts(node),
    run(call) {
      if (call.node.attributes['edge'] === 'nearest') return fireNearest(heap(), call, 1);
      const memory = heap();
      const current = single(call, 'current');
      const spikes = memory.allocate(current.shape);
      const { positive, negative, levels } = call.node.attributes;
      memory.kernels.multiThreshold(
        memory.address(call.state('v')),
        memory.address(current),
        memory.address(spikes),
        current.size,
        Number(positive),
        Number(negative),
        Number(levels),
      );
      return { spikes };
    },
  };
}

/** The same pass over potentials that grow with time. */
export function differentialThreshold(heap: () => Heap): TfjsKernel {
  return {
    op: 'spikeloom.neurons/differential-threshold',
    accepts: acceptsNearest,
    run(call) {
      const t = call.step + 1;
      return fireNearest(heap(), call, t === 1 ? 1 : t / (t - 1));
    },
  };
}

const acceptsNearest: typeof accepts = (node) =>
  node.attributes['edge'] === 'nearest' && accepts(node);

function fireNearest(memory: Heap, call: TfjsCall, kept: number): ReturnType<TfjsKernel['run']> {
  const current = single(call, 'current');
  const { positive, negative, levels, perOctave } = call.node.attributes;
  const spikes = memory.allocate(current.shape);
  const entries = octaveTable([Number(positive), Number(negative)], Number(perOctave));
  const table = memory.allocate([entries.length]);
  new Float32Array(memory.bytes().buffer, memory.address(table)).set(entries);
  memory.kernels.nearestThreshold(
    memory.address(call.state('v')),
    memory.address(current),
    memory.address(spikes),
    current.size,
    kept,
    memory.address(table),
    Number(perOctave),
    Number(levels),
  );
  table.dispose();
  return { spikes };
}

/** Levels of both signs and their edges, one octave. */
function octaveTable(bases: readonly number[], perOctave: number): number[] {
  const halfway = (1 + 2 ** (-1 / perOctave)) / 2;
  return Array.from({ length: perOctave }, (_, within) =>
    bases.map((base) => base * 2 ** (within / perOctave)),
  ).flatMap((levels) => [...levels, ...levels.map((level) => level * halfway)]);
}
