/** Spikes of an image as the inputs of a layer that sees all of them. */
import { primitives } from '@spikeloom/ir';
import type { Slot } from '@spikeloom/runtime';
import type { StageMaker } from '../stage.ts';
import { extentOf, spikeBytes, stridesOf } from '../value.ts';

export const flatten: StageMaker = (recognition, instruction) => {
  const { node, inputs, outputs } = instruction;
  if (node.op !== primitives.reshape.id) return false;
  const [from, to] = [inputs['x'] as Slot, outputs['out']!];
  const { shape } = recognition.type(to);
  const axis = (['first', 'last'] as const).find((side) => recognition.find(from, 'spikes', side));
  const isFlat = shape.length === 2 && extentOf(shape, 'last', recognition.batch) !== undefined;
  if (!axis || !isFlat) return false;
  const x = recognition.arrange(from, 'spikes', axis);
  const out = recognition.make(to, 'spikes', 'last', { one: x.one });
  recognition.absorb(instruction);
  recognition.push({
    kind: 'flattenSpikes',
    path: node.id,
    nodes: [node.id],
    why: 'bits move to where the elements of the tensor would be',
    reads: [x],
    makes: [out],
    place(site) {
      const steps = site.stepsOf(x);
      const { channel, position } = stridesOf(x, axis);
      site.call(
        'flattenSpikes',
        () => [
          site.address(x),
          site.address(out),
          steps,
          site.samples,
          x.positions,
          spikeBytes(x, site.lanes),
          spikeBytes(out, site.lanes),
          channel,
          position,
        ],
        { unitsPerSample: steps, first: 0, count: site.samples },
      );
    },
  });
  return true;
};
