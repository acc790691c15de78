/** Spikes of heads that lie side by side, as matrices of their own. */
import { primitives } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Recognition, StageMaker } from '../stage.ts';
import { extentOf, spikeBytes } from '../value.ts';
import { onlyReader } from './products.ts';

export const splitHeads: StageMaker = (recognition, instruction) => {
  const turn = turnOf(recognition, instruction);
  const from = instruction.inputs['x'] as Slot;
  const x = turn && recognition.find(from, 'spikes', 'last');
  if (!x) return false;
  const { node } = instruction;
  const [heads, tokens, width] = recognition.type(turn.outputs['out']!).shape.slice(1).map(Number);
  const out = recognition.make(turn.outputs['out']!, 'spikes', 'last', { one: x.one });
  for (const done of [instruction, turn]) recognition.absorb(done);
  recognition.push({
    kind: 'splitHeads',
    path: node.id,
    nodes: [node.id, turn.node.id],
    why: 'bits move to where the heads are apart',
    reads: [x],
    makes: [out],
    place(site) {
      site.call(
        'splitHeads',
        () => [
          site.address(x),
          site.address(out),
          site.stepsOf(x),
          site.samples,
          tokens!,
          heads!,
          width!,
          spikeBytes(x, site.lanes),
          spikeBytes(out, site.lanes),
        ],
        { unitsPerSample: out.positions, first: 0, count: site.samples },
      );
    },
  });
  return true;
};

/** What turns `[N, tokens, heads, width]`, made of `[N, tokens, heads * width]`, to `[N, heads, tokens, width]`. */
function turnOf(
  recognition: Recognition,
  { node, inputs, outputs }: Instruction<TfTensor>,
): Instruction<TfTensor> | undefined {
  if (node.op !== primitives.reshape.id) return undefined;
  const turn = onlyReader(recognition, outputs['out']!);
  const order = turn?.node.attributes['permutation'] as readonly number[] | undefined;
  if (turn?.node.op !== primitives.transpose.id || order?.join() !== '0,2,1,3') return undefined;
  const { shape } = recognition.type(inputs['x'] as Slot);
  const split = recognition.type(outputs['out']!).shape;
  const isSplit = shape.length === 3 && split.slice(0, 2).join() === shape.slice(0, 2).join();
  return isSplit && extentOf(split, 'last', recognition.batch) ? turn : undefined;
}
