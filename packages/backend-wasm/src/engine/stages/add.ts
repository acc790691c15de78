import type { Slot } from '@spikeloom/runtime';
import type { StageMaker } from '../stage.ts';
import { blocksOf } from '../value.ts';

/** A sum of currents that does not end a convolution. */
export const add: StageMaker = (recognition, instruction) => {
  if (instruction.node.op !== 'spikeloom/add') return false;
  const [a, b] = [instruction.inputs['a'] as Slot, instruction.inputs['b'] as Slot];
  const out = instruction.outputs['out']!;
  const shapes = [a, b, out].map((slot) => recognition.type(slot).shape.join());
  if (new Set(shapes).size !== 1 || recognition.isStill(out)) return false;
  const axis = (['first', 'last'] as const).find((side) =>
    [a, b].every((slot) => recognition.find(slot, 'currents', side)),
  );
  if (!axis) return false;
  const [left, right] = [a, b].map((slot) => recognition.arrange(slot, 'currents', axis));
  const sum = recognition.make(out, 'currents', axis);
  recognition.absorb(instruction);
  recognition.push({
    kind: 'addCurrents',
    path: instruction.node.id,
    nodes: [instruction.node.id],
    why: 'both are currents already',
    reads: [left!, right!],
    makes: [sum],
    place(site) {
      const blocks = blocksOf(sum, site.lanes);
      site.call(
        'addCurrents',
        () => [
          site.address(left!),
          site.stepsOf(left!),
          site.address(right!),
          site.stepsOf(right!),
          site.address(sum),
          site.steps,
          sum.positions,
          site.lanes,
          site.samples,
          blocks,
        ],
        { unitsPerSample: blocks * sum.positions, first: 0, count: site.samples },
      );
    },
  });
  return true;
};
