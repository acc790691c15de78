/** Convolutions and linear layers on spikes, with all that can follow in the same pass over their outputs. */
import { batchNorm, type GraphNode } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { firedInto, type NeuronLayer, neuronLayerOf, neuronWords } from '../neuron.ts';
import { type Packed, packWeights } from '../pack.ts';
import type { NumberMode, Recognition, Site, Stage, StageMaker, Word } from '../stage.ts';
import type { Arranged } from '../value.ts';
import { type Contraction, contractionOf } from './contraction.ts';
import {
  bitsOf,
  eventList,
  listEvents,
  passes,
  samplesListed,
  scratchOfThreads,
} from './events.ts';

const kernels = {
  float32: 'convolveEvents_f32',
  int16: 'convolveEvents_i16',
  int8: 'convolveEvents_i8',
} as const satisfies Record<NumberMode, string>;

/** Scale and shift of every output, what is added, and the neurons behind it. */
interface Epilogue {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  readonly residual: Slot | undefined;
  readonly out: Slot;
  readonly layer: NeuronLayer | undefined;
  readonly nodes: readonly Instruction<TfTensor>[];
  /** Those of the nodes that are in scale and shift. */
  readonly norms: readonly GraphNode[];
}

export const gather: StageMaker = (recognition, instruction) => {
  const contraction = contractionOf(recognition, instruction);
  if (!contraction) return false;
  // What is computed once gains nothing from events.
  if (recognition.isStill(contraction.x)) return false;
  const { axis } = contraction;
  const epilogue = epilogueOf(recognition, contraction);
  const x = recognition.arrange(contraction.x, 'spikes', axis);
  const residual =
    epilogue.residual === undefined
      ? undefined
      : recognition.arrange(epilogue.residual, 'currents', axis);
  const { layer } = epilogue;
  for (const node of [instruction, ...epilogue.nodes]) recognition.absorb(node);
  if (layer) recognition.absorb(layer.instruction);
  // What no one reads but the neurons never leaves the kernel.
  const isRead =
    !layer || recognition.isOutput(epilogue.out) || recognition.readers(epilogue.out).length > 0;
  const out = isRead ? recognition.make(epilogue.out, 'currents', axis) : undefined;
  const fired = layer && {
    neuron: layer.neuron,
    spikes: recognition.make(layer.spikes, 'spikes', axis, { one: layer.neuron.one }),
  };
  const { node } = instruction;
  const packed = packWeights(recognition, [node, ...epilogue.norms].map(({ id }) => id).join(' '), {
    path: node.id,
    weight: recognition.fixed(contraction.weight)!,
    kernel: contraction.kernel,
    outputs: contraction.outputs,
    lines: contraction.lines,
    scale: epilogue.scale.map((scale) => scale * x.one),
    shift: epilogue.shift,
  });
  recognition.push(
    gatherStage({ recognition, contraction, packed, x, residual, out, fired }, [
      instruction,
      ...epilogue.nodes,
      ...(layer ? [layer.instruction] : []),
    ]),
  );
  return true;
};

interface GatherParts {
  readonly recognition: Pick<Recognition, 'mode'>;
  readonly contraction: Contraction;
  readonly packed: Packed;
  readonly x: Arranged;
  readonly residual: Arranged | undefined;
  readonly out: Arranged | undefined;
  readonly fired: { readonly neuron: NeuronLayer['neuron']; readonly spikes: Arranged } | undefined;
}

function gatherStage(
  { recognition, contraction, packed, x, residual, out, fired }: GatherParts,
  instructions: readonly Instruction<TfTensor>[],
): Stage {
  const kernel = kernels[recognition.mode];
  const { lines } = contraction;
  return {
    kind: kernel,
    path: instructions[0]!.node.id,
    nodes: instructions.map(({ node }) => node.id),
    why: 'spikes pick rows of weights; what follows works on sums that are still in the cache',
    reads: [x, ...(residual ? [residual] : [])],
    makes: [...(out ? [out] : []), ...(fired ? [fired.spikes] : [])],
    place(site) {
      const atOnce = samplesListed(site, lines);
      const list = eventList(site, lines, atOnce);
      const scratch = scratchOfThreads(site, scratchBytes(site, contraction));
      for (const work of passes(site.samples, atOnce)) {
        listEvents(site, bitsOf(site, x), lines, list, work);
        site.call(kernel, (thread) => words(site, list, work.first, scratch[thread]!), {
          unitsPerSample: contraction.outHeight,
          ...work,
        });
      }
    },
  };

  function words(
    site: Site,
    list: ReturnType<typeof eventList>,
    first: number,
    scratch: number,
  ): Word[] {
    const { kernel: size, stride, margin } = contraction;
    return [
      list.events,
      list.starts,
      packed.weights,
      packed.scale,
      packed.shift,
      residual ? site.address(residual) : 0,
      residual ? site.stepsOf(residual) : 0,
      out ? site.address(out) : 0,
      site.steps,
      site.samples,
      lines.channels,
      contraction.outputs,
      lines.groups,
      ...size,
      ...stride,
      ...margin,
      lines.height,
      lines.width,
      contraction.outHeight,
      contraction.outWidth,
      first,
      list.capacity,
      scratch,
      ...neuronWords(site, fired && firedInto(site, fired.neuron, fired.spikes)),
    ];
  }
}

/** Room for sums and for the lists of some windows, those of one position at least. */
function scratchBytes(site: Site, { kernel, lines }: Contraction): number {
  const window = 2 * kernel[0] * kernel[1] * lines.channels;
  return 96960 + site.steps * (window + 256);
}

/** Follows the only reader of each value: normalisation, a residual, and neurons. */
function epilogueOf(recognition: Recognition, contraction: Contraction): Epilogue {
  const { bias, outputs } = contraction;
  const scale = new Float64Array(outputs).fill(1);
  const shift = Float64Array.from({ length: outputs }, (_, index) =>
    bias === undefined ? 0 : recognition.fixed(bias)!.data[index]!,
  );
  const nodes: Instruction<TfTensor>[] = [];
  let { out } = contraction;
  const only = (): Instruction<TfTensor> | undefined => {
    const readers = recognition.readers(out);
    return readers.length === 1 && !recognition.isOutput(out) ? readers[0] : undefined;
  };
  for (let next = only(); next?.node.op === batchNorm.id; next = only()) {
    const isOverChannels = contraction.axis === 'first' && next.inputs['x'] === out;
    if (!isOverChannels || !foldNorm(recognition, next, scale, shift)) break;
    nodes.push(next);
    out = next.outputs['out']!;
  }
  const norms = nodes.map(({ node }) => node);
  let residual: Slot | undefined;
  const next = only();
  if (next?.node.op === 'spikeloom/add') {
    const other = [next.inputs['a'], next.inputs['b']].find((slot) => slot !== out) as
      Slot | undefined;
    if (other !== undefined && canAdd(recognition, out, other)) {
      residual = other;
      nodes.push(next);
      out = next.outputs['out']!;
    }
  }
  const layer = recognition
    .readers(out)
    .map((reader) => neuronLayerOf(recognition, reader))
    .find((found) => found !== undefined);
  return { scale, shift, residual, out, layer, nodes, norms };
}

/** Puts the normalisation behind the scale and shift there are. */
function foldNorm(
  recognition: Recognition,
  { node, inputs }: Instruction<TfTensor>,
  scale: Float64Array,
  shift: Float64Array,
): boolean {
  const given = ['weight', 'bias', 'mean', 'variance'].map((name) =>
    recognition.fixed(inputs[name] as Slot),
  );
  if (given.includes(undefined)) return false;
  const [weight, bias, mean, variance] = given.map((tensor) => tensor!.data);
  const epsilon = Number(node.attributes['epsilon']);
  scale.forEach((before, index) => {
    const factor = weight![index]! / Math.sqrt(variance![index]! + epsilon);
    scale[index] = before * factor;
    shift[index] = (shift[index]! - mean![index]!) * factor + bias![index]!;
  });
  return true;
}

/** Whether a value of the same shape is there to be added. */
function canAdd(recognition: Recognition, out: Slot, other: Slot): boolean {
  const [a, b] = [recognition.type(out).shape, recognition.type(other).shape];
  return (
    other !== out &&
    recognition.exists(other) &&
    a.length === b.length &&
    a.every((dim, axis) => dim === b[axis])
  );
}
