/** Dual spike self-attention: both products have spikes on one side and a map of numbers on the other. */
import type { GraphNode } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { type Fired, type Neuron, neuronOf, neuronWords } from '../neuron.ts';
import type { Recognition, Site, StageMaker, Work } from '../stage.ts';
import { type Arranged, extentOf, spikeBytes, spikeValue } from '../value.ts';
import {
  bitsOf,
  type EventList,
  eventList,
  type EventLines,
  listEvents,
  passes,
  scratchOfThreads,
} from './events.ts';

/** The operator, which is defined in a package that this one does not know. */
export const dssaOp = 'spikeloom.attention/dssa';

/** Heads are whole blocks of at least so many channels. */
const leastLanes = 16;
const scratchBytes = (steps: number): number => 4096 + 64 * steps;
/** Memory for the lists, maps and panels of the samples that are worked on at once. */
const workingBytes = 8 << 20;

/** Whether a node has a shape the kernels can do: heads that are whole blocks of channels. */
export function canAttend({ outputs, attributes }: GraphNode, batch: string): boolean {
  const extent = outputs['spikes'] && extentOf(outputs['spikes'].shape, 'first', batch);
  return extent !== undefined && (extent.channels / Number(attributes['heads'])) % leastLanes === 0;
}

export const attend: StageMaker = (recognition, instruction) => {
  const attention = attentionOf(recognition, instruction);
  if (!attention) return false;
  const { inputs, outputs, node } = instruction;
  const x = recognition.arrangeMoving(inputs['x'] as Slot, 'spikes', 'first');
  const keys = recognition.arrangeMoving(inputs['keys'] as Slot, 'currents', 'first');
  const out = recognition.make(outputs['spikes']!, 'spikes', 'first');
  const scales = attention.scales.map((scale, index) =>
    recognition.weights(`${node.id} scale${index}`, () => scale),
  );
  recognition.absorb(instruction);
  const form = formOf(recognition, attention);
  recognition.push({
    kind: form.product,
    path: node.id,
    nodes: [node.id],
    why: 'spikes pick rows of the map, twice',
    reads: [x, keys],
    makes: [out],
    place: (site) => placeAttention(site, { ...attention, form }, scales, { x, keys, out }),
  });
  return true;
};

/** How the rows that spikes pick are kept: sixteen numbers, or thirty-two integers. */
interface PanelForm {
  readonly panels: string;
  readonly product: string;
  readonly lanes: number;
  /** Rows behind those of a panel, for the factors of its outputs. */
  readonly moreRows: number;
}

const numbers: PanelForm = {
  panels: 'panelsFromCurrents',
  product: 'attendEvents',
  lanes: 16,
  moreRows: 0,
};
const integers: PanelForm = {
  panels: 'panelsFromCurrents_i16',
  product: 'attendEvents_i16',
  lanes: 32,
  moreRows: 4,
};
const rowBytes = 64;

/** Integers are int16: lists are short here, and adding up their rows a fifth of the time. */
function formOf({ mode }: Recognition, { width }: Attention): PanelForm {
  return mode !== 'float32' && width % integers.lanes === 0 ? integers : numbers;
}

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
  const one = spikeValue(recognition.type(slot('x')));
  if (!from || !to || !isFixed || one === undefined) return undefined;
  const heads = Number(node.attributes['heads']);
  const width = from.channels / heads;
  if (width % leastLanes !== 0) return undefined;
  const scaled = (index: number, terms: number, times = 1): Float32Array =>
    Float32Array.from({ length: heads }, (_, head) => {
      const { data } = rates[index]!;
      const rate = Math.max(data[head]!, Number(node.attributes['floor']));
      return times / Math.sqrt(rate * terms);
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
    scales: [scaled(0, width, one), scaled(1, to.positions)],
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
  { heads, width, queries, tokens, form, ...attention }: Attention & { readonly form: PanelForm },
  scales: readonly number[],
  { x, keys, out }: AttentionValues,
): void {
  const blocksFor = (outputs: number): number => Math.ceil(outputs / form.lanes);
  const panelBytes = (outputs: number, rows: number): number =>
    blocksFor(outputs) * (rows + form.moreRows) * rowBytes;
  const ofX: EventLines = { groups: heads, height: queries, width: 1, channels: width };
  const ofMap: EventLines = { groups: 1, height: heads * queries, width: 1, channels: tokens };
  const mapBytes = (blocksFor(tokens) * form.lanes) / 8;
  const bytesAtOnce =
    queries * (2 * (width + tokens + 32) + mapBytes) +
    panelBytes(tokens, width) +
    panelBytes(width, tokens);
  const atOnce = Math.floor(workingBytes / (site.steps * heads * bytesAtOnce));
  const count = Math.max(1, Math.min(site.samples, atOnce));
  const each = count * site.steps * heads;
  const xList = eventList(site, ofX, count);
  const mapList = eventList(site, ofMap, count);
  const map = site.scratch(each * queries * mapBytes);
  const scorePanels = site.scratch(each * panelBytes(tokens, width));
  const valuePanels = site.scratch(each * panelBytes(width, tokens));
  const scratch = scratchOfThreads(site, scratchBytes(site.steps));

  for (const work of passes(site.samples, count)) {
    listEvents(site, bitsOf(site, x), ofX, xList, work);
    makePanels(work, scorePanels, scales[0]!, 0, true);
    makePanels(work, valuePanels, scales[1]!, width, false);
    const sampleStride = heads * queries * mapBytes;
    multiply(work, xList, scorePanels, scales[0]!, {
      rows: width,
      outputs: tokens,
      neuron: attention.map,
      // The map holds the samples of this pass only.
      samples: work.count,
      spikes: map - work.first * sampleStride,
      strides: [sampleStride, queries * mapBytes, mapBytes],
    });
    const mapBits = { address: map, samples: work.count, bytes: mapBytes };
    listEvents(site, mapBits, ofMap, mapList, { first: 0, count: work.count });
    const bytes = spikeBytes(out, site.lanes);
    multiply(work, mapList, valuePanels, scales[1]!, {
      rows: tokens,
      outputs: width,
      neuron: attention.output,
      samples: site.samples,
      spikes: site.address(out),
      strides: [queries * bytes, width / 8, bytes],
    });
  }

  /** One half of the channels of every head, as rows to be picked. */
  function makePanels(
    { first, count: samples }: Pick<Work, 'first' | 'count'>,
    target: number,
    scale: number,
    offset: number,
    transposed: boolean,
  ): void {
    site.call(
      form.panels,
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
        scale,
      ],
      { unitsPerSample: site.steps * heads, first, count: samples },
    );
  }

  function multiply(
    { first, count: samples }: Pick<Work, 'first' | 'count'>,
    list: EventList,
    rows: number,
    scale: number,
    into: Product,
  ): void {
    const fired: Fired = {
      neuron: into.neuron,
      spikes: into.spikes,
      floatsPerSample: heads * blocksFor(into.outputs) * form.lanes * queries,
    };
    site.call(
      form.product,
      (thread) => [
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
        scratch[thread]!,
        ...neuronWords(site, fired),
      ],
      { unitsPerSample: queries, first, count: samples },
    );
  }
}

interface Product {
  readonly rows: number;
  readonly outputs: number;
  readonly neuron: Neuron;
  /** Samples of the spikes that come out, and where they lie. */
  readonly samples: number;
  readonly spikes: number;
  readonly strides: readonly [sample: number, head: number, position: number];
}
