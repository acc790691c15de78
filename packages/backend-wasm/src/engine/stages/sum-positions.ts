/** Sums and means of spikes over all positions, such as a firing rate that is read out. */
import { normaliseAxis, primitives } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Recognition, StageMaker } from '../stage.ts';
import type { ChannelAxis } from '../value.ts';
import { countPositions } from './counts.ts';

export const sumPositions: StageMaker = (recognition, instruction) => {
  const from = instruction.inputs['x'] as Slot;
  const axis = (['first', 'last'] as const).find(
    (side) =>
      isOverPositions(recognition, instruction, side) && recognition.find(from, 'spikes', side),
  );
  if (!axis || recognition.isStill(from)) return false;
  const { node, outputs } = instruction;
  const spikes = recognition.arrange(from, 'spikes', axis);
  const sum = recognition.make(outputs['out']!, 'currents', axis);
  recognition.absorb(instruction);
  recognition.push({
    kind: 'countSpikes',
    path: node.id,
    nodes: [node.id],
    why: 'spikes are counted by bits',
    reads: [spikes],
    makes: [sum],
    place(site) {
      countPositions(site, spikes, {
        currents: site.address(sum),
        one: spikes.one,
        divisor: node.op === primitives.sum.id ? 1 : spikes.positions,
      });
    },
  });
  return true;
};

/** Whether all axes but those of samples and channels are summed up. */
function isOverPositions(
  recognition: Recognition,
  { node, inputs }: Instruction<TfTensor>,
  axis: ChannelAxis,
): boolean {
  const { op, attributes } = node;
  if (!summing.includes(op)) return false;
  const { shape } = recognition.type(inputs['x'] as Slot);
  const image = shape.slice(2);
  if (op === primitives.avgPool2d.id) {
    const { kernel, padding } = attributes as Readonly<Record<string, readonly number[]>>;
    const isWhole = kernel!.every((size, at) => size === image[at]);
    return axis === 'first' && isWhole && padding!.every((zeros) => zeros === 0);
  }
  const given = (attributes['axes'] as readonly number[]).map((one) =>
    normaliseAxis(one, shape.length),
  );
  const positions = image.map((_, index) => index + (axis === 'first' ? 2 : 1));
  return (
    positions.length > 0 &&
    [...new Set(given)].toSorted((a, b) => a - b).join() === positions.join()
  );
}

const summing: readonly string[] = [primitives.sum.id, primitives.mean.id, primitives.avgPool2d.id];
