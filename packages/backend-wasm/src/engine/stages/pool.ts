/** The largest of neighbouring spikes. */
import { primitives } from '@spikeloom/ir';
import type { Slot } from '@spikeloom/runtime';
import type { StageMaker } from '../stage.ts';
import { spikeBytes } from '../value.ts';

export const pool: StageMaker = (recognition, instruction) => {
  const { node, inputs, outputs } = instruction;
  if (node.op !== primitives.maxPool2d.id) return false;
  const [from, to] = [inputs['x'] as Slot, outputs['out']!];
  const { kernel, stride, padding } = node.attributes as Readonly<
    Record<'kernel' | 'stride' | 'padding', readonly number[]>
  >;
  const x = recognition.find(from, 'spikes', 'first');
  // A window that lies outside as a whole has no largest element.
  if (!x || padding.some((zeros, side) => zeros >= kernel[side >> 1]!)) return false;
  const [height, width] = recognition.type(from).shape.slice(2).map(Number);
  const [outHeight, outWidth] = recognition.type(to).shape.slice(2).map(Number);
  const out = recognition.make(to, 'spikes', 'first', { one: x.one });
  recognition.absorb(instruction);
  recognition.push({
    kind: 'poolSpikes',
    path: node.id,
    nodes: [node.id],
    why: 'of spikes the largest is whether any fires',
    reads: [x],
    makes: [out],
    place(site) {
      site.call(
        'poolSpikes',
        () => [
          site.address(x),
          site.address(out),
          site.stepsOf(x),
          site.samples,
          height!,
          width!,
          outHeight!,
          outWidth!,
          ...kernel,
          ...stride,
          padding[0]!,
          padding[2]!,
          spikeBytes(x, site.lanes),
        ],
        { unitsPerSample: outHeight!, first: 0, count: site.samples },
      );
    },
  });
  return true;
};
