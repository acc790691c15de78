import { firedInto, neuronLayerOf, neuronWords } from '../neuron.ts';
import type { StageMaker } from '../stage.ts';
import { blocksOf, usualAxis } from '../value.ts';

/** Neurons on a current that no kernel of the engine has made just before. */
export const fire: StageMaker = (recognition, instruction) => {
  const layer = neuronLayerOf(recognition, instruction);
  if (!layer) return false;
  const { neuron, current, spikes } = layer;
  const there = (['first', 'last'] as const).find((side) =>
    recognition.find(current, 'currents', side),
  );
  const axis = there ?? usualAxis(recognition.type(current).shape);
  const from = recognition.arrange(current, 'currents', axis);
  const to = recognition.make(spikes, 'spikes', axis, { one: neuron.one });
  recognition.absorb(instruction);
  recognition.push({
    kind: 'fireCurrents',
    path: instruction.node.id,
    nodes: [instruction.node.id],
    why: 'all timesteps in one pass over the currents',
    reads: [from],
    makes: [to],
    place(site) {
      const blocks = blocksOf(from, site.lanes);
      site.call(
        'fireCurrents',
        () => [
          site.address(from),
          site.stepsOf(from),
          site.steps,
          site.samples,
          from.positions,
          from.channels,
          site.lanes,
          ...neuronWords(site, firedInto(site, neuron, to)),
        ],
        { unitsPerSample: blocks * from.positions, first: 0, count: site.samples },
      );
    },
  });
  return true;
};
