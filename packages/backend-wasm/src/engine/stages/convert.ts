/** Between the tensors of operators and what the kernels of the engine read. */
import { sizeOf } from '@spikeloom/ir';
import { makeAll } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../../heap.ts';
import type { EngineMemory } from '../memory.ts';
import type { Site, Stage, Word } from '../stage.ts';
import { type Arranged, type ChannelAxis, type Numbers, spikeBytes, stridesOf } from '../value.ts';

/** The memories a conversion copies between. */
export interface Memories {
  readonly heap: () => Heap;
  readonly engine: () => EngineMemory;
}

/** A stage that arranges a tensor. */
export function arrangeStage(
  memories: Memories,
  path: string,
  from: Numbers,
  to: Arranged,
  axis: ChannelAxis,
): Stage {
  const kernel = to.kind === 'currents' ? 'toCurrents' : 'toSpikes';
  return {
    kind: kernel,
    path,
    nodes: [],
    why: `${to.kind === 'currents' ? 'neurons' : 'events'} are read in another order than tensors have`,
    reads: [from],
    makes: [to],
    place(site) {
      const steps = site.stepsOf(to);
      const length = site.samples * to.channels * to.positions;
      const staged = site.scratch(4 * steps * length);
      site.act((pass) => {
        const { heap, engine } = { heap: memories.heap(), engine: memories.engine() };
        const used = pass.samples * to.channels * to.positions;
        for (let step = 0; step < steps; step++) {
          const source = heap.address(pass.tensor(from, step));
          const bytes = heap.bytes().subarray(source, source + 4 * used);
          engine.bytes(staged + 4 * step * length, 4 * used).set(bytes);
        }
      });
      site.call(kernel, () => conversionWords(site, staged, to, axis), wholeBatch(site, to));
    },
  };
}

/** A stage that makes tensors of what is arranged. */
export function tensorStage(
  memories: Memories,
  path: string,
  from: Arranged,
  to: Numbers,
  axis: ChannelAxis,
  shape: readonly (number | string)[],
): Stage {
  const kernel = from.kind === 'currents' ? 'fromCurrents' : 'fromSpikes';
  const inner = shape.slice(1).map(Number);
  return {
    kind: kernel,
    path,
    nodes: [],
    why: 'an operator without a kernel in the engine reads it',
    reads: [from],
    makes: [to],
    place(site) {
      const steps = site.stepsOf(from);
      const length = site.samples * from.channels * from.positions;
      const staged = site.scratch(4 * steps * length);
      site.call(kernel, () => conversionWords(site, staged, from, axis), wholeBatch(site, from));
      site.act((pass) => {
        const { heap, engine } = { heap: memories.heap(), engine: memories.engine() };
        const used = pass.samples * sizeOf(inner);
        const free = (tensor: TfTensor): void => tensor.dispose();
        const each = Array.from({ length: steps }, (_, step) => step);
        const tensors = makeAll({ free }, each, (step) => {
          const tensor = heap.allocate([pass.samples, ...inner]);
          const bytes = engine.bytes(staged + 4 * step * length, 4 * used);
          heap.bytes().set(bytes, heap.address(tensor));
          return tensor;
        });
        pass.setTensors(to, tensors);
      });
    },
  };
}

function conversionWords(site: Site, staged: number, value: Arranged, axis: ChannelAxis): Word[] {
  const { sample, channel, position } = stridesOf(value, axis);
  const { channels, positions, kind, one } = value;
  const width = kind === 'currents' ? site.lanes : spikeBytes(value, site.lanes);
  return [
    staged,
    site.address(value),
    site.stepsOf(value),
    site.samples,
    positions,
    channels,
    width,
    site.samples * channels * positions,
    sample,
    channel,
    position,
    { float: one },
  ];
}

function wholeBatch(
  site: Site,
  { positions }: Arranged,
): { unitsPerSample: number; first: number; count: number } {
  return { unitsPerSample: positions, first: 0, count: site.samples };
}
