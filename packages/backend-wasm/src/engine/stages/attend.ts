/** Dual spike self-attention: both products have spikes on one side and a map of numbers on the other. */
import type { GraphNode } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { type Fired, type Neuron, neuronOf, neuronWords } from '../neuron.ts';
import type { Recognition, Site, StageMaker, Work } from '../stage.ts';
import { type Arranged, extentOf, spikeBytes } from '../value.ts';
import {
  bitsOf,
  type EventList,
  eventList,
  type EventLines,
  listEvents,
  passes,
} from './events.ts';

/** The operator, which is defined in a package that this one does not know. */
export const dssaOp = 'spikeloom.attention/dssa';

/** Lanes of panels: outputs that are summed up at once, and bits that are written at once. */
const panelLanes = 16;
const scratchBytes = (steps: number): number => 4096 + 64 * steps;
/** Memory for the lists, maps and panels of the samples that are worked on at once. */
const workingBytes = 8 << 20;

/** Whether a node has a shape the kernels can do: heads that are whole blocks of channels. */
export function canAttend({ outputs, attributes }: GraphNode, batch: string): boolean {
  const extent = outputs['spikes'] && extentOf(outputs['spikes'].shape, 'first', batch);
  return extent !== undefined && (extent.channels / Number(attributes['heads'])) % panelLanes === 0;
}

export const attend: StageMaker = (recognition, instruction) => {
  const attention = attentionOf(recognition, instruction);
  if (!attention) return false;
  const { inputs, outputs, node } = instruction;
  const x = recognition.arrange(inputs['x'] as Slot, 'spikes', 'first');
  const keys = recognition.arrange(inputs['keys'] as Slot, 'currents', 'first');
  const out = recognition.make(outputs['spikes']!, 'spikes', 'first');
  const scales = attention.scales.map((scale, index) =>
    recognition.weights(`${node.id} scale${index}`, () => scale),
  );
  recognition.absorb(instruction);
  recognition.push({
    kind: 'attendEvents',
    path: node.id,
    nodes: [node.id],
    why: 'spikes pick rows of the map, twice',
    reads: [x, keys],
    makes: [out],
    place: (site) => placeAttention(site, attention, scales, { x, keys, out }),
  });
  return true;
};

interface Attention {
  readonly heads: number;
  /** d, channels of a head. */
  readonly width: number;
  readonly queries: number;
  readonly tokens: number;
  /** Of the scores and of the output: one factor for each head. */
  readonly scales: readonly Float32Array[];
  readonly map: Neuron;
  readonly output: Neuron;
}

function attentionOf(
  recognition: Recognition,
  { node, inputs }: Instruction<TfTensor>,
): Attention | undefined {
  if (node.op !== dssaOp) return undefined;
  const slot = (name: string): Slot => inputs[name] as Slot;
  const from = extentOf(recognition.type(slot('x')).shape, 'first', recognition.batch);
  const to = extentOf(recognition.type(slot('keys')).shape, 'first', recognition.batch);
  const rates = ['rateX', 'rateAttn'].map((name) => recognition.fixed(slot(name)));
  const learnt = ['wAttn', 'wOut'].map((name) =>
    inputs[name] === undefined ? undefined : recognition.fixed(slot(name)),
  );
  const isFixed =
    !rates.includes(undefined) &&
    ['wAttn', 'wOut'].every((name, index) => inputs[name] === undefined || learnt[index]);
  if (!from || !to || !isFixed) return undefined;
  const heads = Number(node.attributes['heads']);
  const width = from.channels / heads;
  if (width % panelLanes !== 0) return undefined;
  const scaled = (index: number, terms: number): Float32Array =>
    Float32Array.from({ length: heads }, (_, head) => {
      const { data } = rates[index]!;
      const rate = Math.max(data[head]!, Number(node.attributes['floor']));
      return 1 / Math.sqrt(rate * terms);
    });
  const neuron = (name: string, index: number): Neuron => {
    const w = learnt[index]?.data[0];
    const rate = w === undefined ? undefined : Math.fround(1 / (1 + Math.exp(-w)));
    return neuronOf(node, `${node.id}.${name}.v`, rate);
  };
  return {
    heads,
    width,
    queries: from.positions,
    tokens: to.positions,
    scales: [scaled(0, width), scaled(1, to.positions)],
    map: neuron('activation_attn', 0),
    output: neuron('activation_out', 1),
  };
}

interface AttentionValues {
  readonly x: Arranged;
  readonly keys: Arranged;
  readonly out: Arranged;
}

function placeAttention(
  site: Site,
  { heads, width, queries, tokens, ...attention }: Attention,
  scales: readonly number[],
  { x, keys, out }: AttentionValues,
): void {
  const [tokenBlocks, channelBlocks] = [tokens, width].map((size) =>
    Math.ceil(size / panelLanes),
  ) as [number, number];
  const ofX: EventLines = { groups: heads, height: queries, width: 1, channels: width };
  const ofMap: EventLines = { groups: 1, height: heads * queries, width: 1, channels: tokens };
  const mapBytes = 2 * tokenBlocks;
  const perSample =
    site.steps *
    heads *
    (queries * (2 * (width + tokens + 16) + mapBytes) + 8 * tokenBlocks * panelLanes * width);
  const atOnce = Math.max(1, Math.min(site.samples, Math.floor(workingBytes / perSample)));
  const xList = eventList(site, ofX, atOnce);
  const mapList = eventList(site, ofMap, atOnce);
  const map = site.scratch(atOnce * site.steps * heads * queries * mapBytes);
  const panels = (blocks: number, rows: number): number =>
    site.scratch(4 * atOnce * site.steps * heads * blocks * panelLanes * rows);
  const scorePanels = panels(tokenBlocks, width);
  const valuePanels = panels(channelBlocks, tokens);

  for (const work of passes(site.samples, atOnce)) {
    listEvents(site, bitsOf(site, x), ofX, xList, work);
    makePanels(work, scorePanels, 0, true);
    makePanels(work, valuePanels, width, false);
    const sampleStride = heads * queries * mapBytes;
    product(work, xList, scorePanels, scales[0]!, {
      rows: width,
      outputs: tokens,
      blocks: tokenBlocks,
      neuron: attention.map,
      // The map holds the samples of this pass only.
      samples: work.count,
      spikes: map - work.first * sampleStride,
      strides: [sampleStride, queries * mapBytes, mapBytes],
    });
    listEvents(site, { address: map, samples: work.count, bytes: mapBytes }, ofMap, mapList, {
      first: 0,
      count: work.count,
    });
    const bytes = spikeBytes(out, site.lanes);
    product(work, mapList, valuePanels, scales[1]!, {
      rows: tokens,
      outputs: width,
      blocks: channelBlocks,
      neuron: attention.output,
      samples: site.samples,
      spikes: site.address(out),
      strides: [queries * bytes, width / 8, bytes],
    });
  }

  /** The two halves of the channels of every head, as rows to be picked. */
  function makePanels(
    { first, count }: Pick<Work, 'first' | 'count'>,
    target: number,
    offset: number,
    transposed: boolean,
  ): void {
    site.call(
      'panelsFromCurrents',
      () => [
        site.address(keys),
        target,
        site.steps,
        site.samples,
        heads,
        tokens,
        keys.channels,
        site.lanes,
        2 * width,
        offset,
        width,
        transposed ? 1 : 0,
        first,
      ],
      { unitsPerSample: site.steps * heads, first, count },
    );
  }

  function product(
    { first, count }: Pick<Work, 'first' | 'count'>,
    list: EventList,
    rows: number,
    scale: number,
    into: Product,
  ): void {
    const fired: Fired = {
      neuron: into.neuron,
      spikes: into.spikes,
      floatsPerSample: heads * into.blocks * panelLanes * queries,
    };
    site.call(
      'attendEvents',
      () => [
        list.events,
        list.starts,
        rows,
        scale,
        site.steps,
        into.samples,
        heads,
        queries,
        into.rows,
        into.outputs,
        first,
        0,
        list.capacity,
        ...into.strides,
        site.scratch(scratchBytes(site.steps)),
        ...neuronWords(site, fired),
      ],
      { unitsPerSample: queries, first, count },
    );
  }
}

interface Product {
  readonly rows: number;
  readonly outputs: number;
  readonly blocks: number;
  readonly neuron: Neuron;
  /** Samples of the spikes that come out, and where they lie. */
  readonly samples: number;
  readonly spikes: number;
  readonly strides: readonly [sample: number, head: number, position: number];
}
