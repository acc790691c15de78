import type { TfjsCall, TfjsKernel } from '@spikeloom/backend-tfjs';
import { single } from '@spikeloom/runtime';
import type { Heap } from '../heap.ts';
import { copy, readingOf, stepsOf } from './copies.ts';

type Outputs = ReturnType<TfjsKernel['run']>;

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
    readsThrough: ['current'],
    accepts: (node) =>
      node.attributes['edge'] === 'nearest'
        ? acceptsNearest(node)
        : node.attributes['perOctave'] === 1 && accepts(node),
    run: (call) =>
      call.node.attributes['edge'] === 'nearest'
        ? onCopy(heap(), call, (copied) => fireNearest(heap(), copied, 1))
        : fire(heap(), call),
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

function fire(memory: Heap, call: TfjsCall): Outputs {
  const given = single(call, 'current');
  const reading = readingOf(given.shape, call.through?.['current'] ?? [], call.sizes);
  const steps = stepsOf(reading);
  const isInRows = steps && (steps.strides.at(-1) === 1 || steps.sizes.at(-1) === 1);
  if (!isInRows) return onCopy(memory, call, (copied) => fire(memory, copied));
  const v = call.state('v');
  const spikes = memory.allocate(v.shape);
  const { positive, negative, levels } = call.node.attributes;
  memory.kernels.multiThreshold(
    memory.address(v),
    memory.address(given) + 4 * reading.offset,
    memory.address(spikes),
    Number(positive),
    Number(negative),
    Number(levels),
    ...steps.sizes,
    ...steps.strides,
  );
  return { spikes };
}

/** For kernels that want the currents one behind the other. */
function onCopy(memory: Heap, call: TfjsCall, work: (call: TfjsCall) => Outputs): Outputs {
  const nodes = call.through?.['current'];
  if (!nodes) return work(call);
  const given = single(call, 'current');
  const current = copy(memory, given, readingOf(given.shape, nodes, call.sizes));
  const outputs = work({ ...call, inputs: { current }, through: undefined });
  current.dispose();
  return outputs;
}

function fireNearest(memory: Heap, call: TfjsCall, kept: number): Outputs {
  const current = single(call, 'current');
  const { positive, negative, levels, perOctave } = call.node.attributes;
  const v = call.state('v');
  const spikes = memory.allocate(v.shape);
  const entries = octaveTable([Number(positive), Number(negative)], Number(perOctave));
  const table = memory.allocate([entries.length]);
  new Float32Array(memory.bytes().buffer, memory.address(table)).set(entries);
  memory.kernels.nearestThreshold(
    memory.address(v),
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
