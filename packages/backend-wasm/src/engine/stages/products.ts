/** Matrix products of spikes, one for every matrix of a sample. */
import { primitives } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Recognition, Site } from '../stage.ts';
import { type Arranged, extentOf, spikeBytes } from '../value.ts';
import { scratchOfThreads } from './events.ts';

/** A product of two values, each with the axes of the samples and of the matrices in front. */
export interface Product {
  readonly a: Slot;
  readonly b: Slot;
  readonly out: Slot;
  /** Matrices of a sample. */
  readonly matrices: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Undefined for other instructions, and where one matrix serves several. */
export function productOf(
  recognition: Recognition,
  { node, inputs, outputs }: Instruction<TfTensor>,
): Product | undefined {
  if (node.op !== primitives.matmul.id) return undefined;
  const [a, b, out] = [inputs['a'] as Slot, inputs['b'] as Slot, outputs['out']!];
  const shapes = [a, b, out].map((slot) => recognition.type(slot).shape);
  const [left, , made] = shapes;
  const outer = new Set(shapes.map((shape) => shape.slice(0, -2).join()));
  const areArranged = shapes.every((shape) => extentOf(shape, 'last', recognition.batch));
  if (outer.size > 1 || !areArranged || made!.length < 3) return undefined;
  const transposeA = node.attributes['transposeA'] === true;
  const rows = Number(made!.at(-2));
  return {
    a,
    b,
    out,
    matrices: extentOf(made!, 'last', recognition.batch)!.positions / rows,
    rows,
    inner: Number(left!.at(transposeA ? -2 : -1)),
    columns: Number(made!.at(-1)),
    transposeA,
    transposeB: node.attributes['transposeB'] === true,
  };
}

/** The only instruction that reads a value, if the graph does not give it out. */
export function onlyReader(
  recognition: Recognition,
  slot: Slot,
): Instruction<TfTensor> | undefined {
  const readers = recognition.readers(slot);
  return readers.length === 1 && !recognition.isOutput(slot) ? readers[0] : undefined;
}

/** One operand of a count: which bits are the rows that are compared. */
export interface Counted {
  readonly spikes: Arranged;
  /** Whether they are the columns of the matrix. */
  readonly turned: boolean;
}

/** Counts the coincidences of every row of a with every row of b. */
export function callCountProducts(
  site: Site,
  a: Counted,
  b: Counted,
  {
    currents,
    one,
    ...sizes
  }: Pick<Product, 'matrices' | 'rows' | 'inner' | 'columns'> & {
    readonly currents: number;
    /** What a coincidence is worth. */
    readonly one: number;
  },
): void {
  const { matrices, rows, inner, columns } = sizes;
  const words = Math.ceil(inner / 64);
  // Whole words: one, two, or a multiple of four.
  const rowBytes = 8 * (words <= 2 ? words : 4 * Math.ceil(words / 4));
  const room = 8 * Math.ceil(rows / 8) + site.lanes * Math.ceil(columns / site.lanes);
  const scratch = scratchOfThreads(site, room * rowBytes);
  site.call(
    'countProducts',
    (thread) => [
      site.address(a.spikes),
      site.address(b.spikes),
      currents,
      site.steps,
      site.samples,
      matrices,
      rows,
      inner,
      columns,
      site.lanes,
      spikeBytes(a.spikes, site.lanes),
      spikeBytes(b.spikes, site.lanes),
      { float: one },
      scratch[thread]!,
      Number(a.turned),
      Number(b.turned),
    ],
    { unitsPerSample: matrices, first: 0, count: site.samples },
  );
}
