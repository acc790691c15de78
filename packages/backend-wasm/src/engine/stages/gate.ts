/** Attention that lets spikes through or holds them back: neurons on counts of spikes decide. */
import type { GraphNode } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { type Neuron, neuronOf, neuronWords } from '../neuron.ts';
import type { Recognition, Site, StageMaker } from '../stage.ts';
import {
  type Arranged,
  blocksOf,
  type Extent,
  extentOf,
  spikeBytes,
  spikeValue,
} from '../value.ts';
import { countGroups, countPositions } from './counts.ts';

/** The operators, which are defined in a package that this one does not know. */
export const qkTokenAttentionOp = 'spikeloom.attention/qk-token-attention';
export const spikeDrivenAttentionOp = 'spikeloom.attention/spike-driven-attention';

/** What one of the operators counts and lets through. */
interface Gate {
  /** What is counted; where there are two, only what fires in both. */
  readonly counted: readonly Slot[];
  readonly passed: Slot;
  /** Groups of channels that are let through position by position; 0 for channels at all positions. */
  readonly groups: number;
  readonly neuron: Neuron;
}

/** Whether a node has a shape the kernels can do: groups of channels begin at bytes. */
export function canGate({ op, outputs, attributes }: GraphNode, batch: string): boolean {
  const extent = outputs['spikes'] && extentOf(outputs['spikes'].shape, 'last', batch);
  const isWhole = op === qkTokenAttentionOp && attributes['over'] === 'token';
  return (
    extent !== undefined && (!isWhole || (extent.channels / Number(attributes['heads'])) % 8 === 0)
  );
}

export const gate: StageMaker = (recognition, instruction) => {
  const found = gateOf(recognition, instruction);
  if (!found) return false;
  const { node, outputs } = instruction;
  const slots = [found.passed, ...found.counted];
  const values = slots.map((slot) => spikeValue(recognition.type(slot)));
  const to = outputs['spikes']!;
  if (values.includes(undefined) || spikeValue(recognition.type(to)) === undefined) return false;
  const [one, ...ones] = values as number[];
  const [passed, ...counted] = slots.map((slot) =>
    recognition.arrangeMoving(slot, 'spikes', 'last'),
  );
  const out = recognition.make(to, 'spikes', 'last', { one: one! });
  recognition.absorb(instruction);
  recognition.push({
    kind: found.groups > 0 ? 'maskGroups' : 'maskChannels',
    path: node.id,
    nodes: [node.id],
    why: 'spikes are counted by bits, and let through as bits',
    reads: [...new Set([passed!, ...counted])],
    makes: [out],
    place(site) {
      const counts = { counted, one: ones.reduce((product, value) => product * value, 1) };
      const mask = placeMask(site, found, counts);
      const words = [
        site.address(passed!),
        mask.address,
        site.address(out),
        site.steps,
        site.samples,
        out.positions,
        spikeBytes(out, site.lanes),
        ...(found.groups > 0 ? [found.groups, out.channels / found.groups / 8, mask.bytes] : []),
      ];
      site.call(found.groups > 0 ? 'maskGroups' : 'maskChannels', () => words, {
        unitsPerSample: out.positions,
        first: 0,
        count: site.samples,
      });
    },
  });
  return true;
};

function gateOf({ batch }: Recognition, { node, inputs }: Instruction<TfTensor>): Gate | undefined {
  const slot = (name: string): Slot => inputs[name] as Slot;
  const neuron = (name: string): Neuron => neuronOf(node, `${node.id}.${name}.v`);
  if (node.op === spikeDrivenAttentionOp && canGate(node, batch)) {
    const counted = [slot('k'), slot('v')];
    return { counted, passed: slot('q'), groups: 0, neuron: neuron('talking_heads_lif') };
  }
  if (node.op !== qkTokenAttentionOp || !canGate(node, batch)) return undefined;
  const groups = node.attributes['over'] === 'token' ? Number(node.attributes['heads']) : 0;
  return { counted: [slot('q')], passed: slot('k'), groups, neuron: neuron('attn_lif') };
}

/** Counts, and the spikes of the neurons on them. */
function placeMask(
  site: Site,
  { groups, neuron }: Gate,
  { counted, one }: { readonly counted: readonly Arranged[]; readonly one: number },
): { readonly address: number; readonly bytes: number } {
  const [a, b] = counted;
  const extent: Extent =
    groups > 0
      ? { channels: groups, positions: a!.positions }
      : { channels: a!.channels, positions: 1 };
  const blocks = blocksOf(extent, site.lanes);
  const bytes = spikeBytes(extent, site.lanes);
  const places = site.samples * site.steps * extent.positions;
  const currents = site.scratch(4 * places * blocks * site.lanes);
  const address = site.scratch(places * bytes);
  if (groups > 0) countGroups(site, a!, { groups, currents, one });
  else countPositions(site, a!, { and: b, currents, one, divisor: 1 });
  const floatsPerSample = blocks * site.lanes * extent.positions;
  site.call(
    'fireCurrents',
    () => [
      currents,
      site.steps,
      site.steps,
      site.samples,
      extent.positions,
      extent.channels,
      site.lanes,
      ...neuronWords(site, { neuron, spikes: address, floatsPerSample }),
    ],
    { unitsPerSample: blocks * extent.positions, first: 0, count: site.samples },
  );
  return { address, bytes };
}
