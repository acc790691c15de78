/** Matrix products of spikes with sums of spikes: every spike adds a row. */
import { primitives } from '@spikeloom/ir';
import type { Instruction, Slot } from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Recognition, Site, StageMaker } from '../stage.ts';
import { type Arranged, blocksOf, spikeBytes, spikeValue } from '../value.ts';
import { longestLine, scratchOfThreads } from './events.ts';
import {
  callCountProducts,
  type Counted,
  onlyReader,
  type Product,
  productOf,
} from './products.ts';

/** Channels that the kernel sums up together, and puts where they belong. */
const sumsAtOnce = 16;
/** Counts up to here are exact. */
const largestNumber = 2 ** 24;
/** The second product first, unless it is so many times larger. */
const widest = 4;

/** Spikes with the rows they pick: currents that are there, or the counts of two more values that are spikes. */
interface Selection {
  readonly spikes: Slot;
  readonly rows: Slot | readonly [Slot, Slot];
  readonly product: Omit<Product, 'a' | 'b'>;
  /** Of the two, whether their matrices are read with rows and columns exchanged. */
  readonly turned: readonly [boolean, boolean];
  readonly nodes: readonly Instruction<TfTensor>[];
}

/** What follows a product and goes into where, and how large, its sums are written. */
interface Tail {
  readonly factor: number;
  /** Whether the matrices end up side by side, as channels of the same positions. */
  readonly merged: boolean;
  readonly out: Slot;
  readonly nodes: readonly Instruction<TfTensor>[];
}

export const selectRows: StageMaker = (recognition, instruction) => {
  const selection = picked(recognition, instruction) ?? reordered(recognition, instruction);
  if (!selection || recognition.isStill(selection.product.out)) return false;
  const one = spikeValue(recognition.type(selection.spikes));
  if (one === undefined || selection.product.inner > longestLine) return false;
  const counted = typeof selection.rows === 'number' ? [] : selection.rows;
  const tail = tailOf(recognition, selection.product);
  const spikes = recognition.arrangeMoving(selection.spikes, 'spikes', 'last');
  const values = [
    ...counted.map((slot) => recognition.arrangeMoving(slot, 'spikes', 'last')),
    ...(typeof selection.rows === 'number'
      ? [recognition.arrangeMoving(selection.rows, 'currents', 'last')]
      : []),
  ];
  const nodes = [...selection.nodes, ...tail.nodes];
  for (const node of nodes) recognition.absorb(node);
  const out = recognition.make(tail.out, 'currents', 'last');
  const worth = counted.reduce(
    (product, slot) => product * spikeValue(recognition.type(slot))!,
    one,
  );
  recognition.push({
    kind: 'sumSelected',
    path: instruction.node.id,
    nodes: nodes.map(({ node }) => node.id),
    why:
      counted.length > 0
        ? 'coincidences are counted by bits, then spikes pick rows of counts'
        : 'spikes pick rows of sums',
    reads: [...new Set([spikes, ...values])],
    makes: [out],
    place(site) {
      const { product, turned } = selection;
      const [a, b] = values.map((value, index): Counted => ({
        spikes: value,
        turned: turned[index]!,
      }));
      const currents = b ? countInto(site, product, a!, b) : site.address(values[0]!);
      const placed = { currents, factor: worth * tail.factor, merged: tail.merged };
      placeSums(site, product, spikes, out, placed);
    },
  });
  return true;
};

/** Spikes times currents. */
function picked(
  recognition: Recognition,
  instruction: Instruction<TfTensor>,
): Selection | undefined {
  const product = productOf(recognition, instruction);
  if (!product || product.transposeA || product.transposeB) return undefined;
  const { a, b } = product;
  const isThere = recognition.find(a, 'spikes', 'last') && recognition.find(b, 'currents', 'last');
  return isThere
    ? { spikes: a, rows: b, product, turned: [false, false], nodes: [instruction] }
    : undefined;
}

/** `(a b) c` of three values that are spikes as `a (b c)`: whole numbers, so the sums are the same. */
function reordered(
  recognition: Recognition,
  instruction: Instruction<TfTensor>,
): Selection | undefined {
  const map = productOf(recognition, instruction);
  const next = map && onlyReader(recognition, map.out);
  const product = next && productOf(recognition, next);
  if (!product || product.a !== map.out || product.b === map.out) return undefined;
  if (map.transposeA || product.transposeA) return undefined;
  const { a, b } = map;
  const slots = [a, b, product.b];
  const areSpikes = slots.every(
    (slot) => spikeValue(recognition.type(slot)) !== undefined && recognition.exists(slot),
  );
  const isThere = slots.some((slot) => recognition.find(slot, 'spikes', 'last'));
  const { inner } = map;
  const isSmall = inner * product.columns <= widest * map.rows * map.columns;
  if (!areSpikes || !isThere || !isSmall || inner * map.columns >= largestNumber) return undefined;
  return {
    spikes: a,
    rows: [b, product.b],
    product: { ...product, inner },
    // Rows of b are those that spikes pick, and columns of c the channels.
    turned: [map.transposeB, !product.transposeB],
    nodes: [instruction, next],
  };
}

/** Follows the only reader of each value: a factor, and heads that are put side by side. */
function tailOf(
  recognition: Recognition,
  { out, columns }: Pick<Product, 'out' | 'columns'>,
): Tail {
  let tail: Tail = { factor: 1, merged: false, out, nodes: [] };
  for (;;) {
    const next = onlyReader(recognition, tail.out);
    // A second one would round in another way.
    const factor = next && tail.factor === 1 ? factorOf(recognition, next, tail.out) : undefined;
    if (factor !== undefined) {
      tail = { ...tail, factor, out: next!.outputs['out']!, nodes: [...tail.nodes, next!] };
      continue;
    }
    const merging = next && !tail.merged ? mergeOf(recognition, next, columns) : undefined;
    if (!merging) return tail;
    const made = merging.at(-1)!.outputs['out']!;
    tail = { ...tail, merged: true, out: made, nodes: [...tail.nodes, ...merging] };
  }
}

function factorOf(
  recognition: Recognition,
  { node, inputs }: Instruction<TfTensor>,
  x: Slot,
): number | undefined {
  if (node.op !== primitives.mul.id) return undefined;
  const other = [inputs['a'], inputs['b']].find((slot) => slot !== x) as Slot | undefined;
  const fixed = other === undefined ? undefined : recognition.fixed(other);
  return fixed?.data.length === 1 && fixed.shape.length === 0 ? fixed.data[0] : undefined;
}

/** `[N, heads, tokens, d]` to `[N, tokens, heads * d]`, of heads that are whole vectors of sums. */
function mergeOf(
  recognition: Recognition,
  turn: Instruction<TfTensor>,
  columns: number,
): Instruction<TfTensor>[] | undefined {
  const order = turn.node.attributes['permutation'] as readonly number[] | undefined;
  const isTurn = turn.node.op === primitives.transpose.id && order?.join() === '0,2,1,3';
  const join = isTurn ? onlyReader(recognition, turn.outputs['out']!) : undefined;
  if (join?.node.op !== primitives.reshape.id || columns % sumsAtOnce !== 0) return undefined;
  const [rows, tokens, heads, width] = recognition.type(turn.outputs['out']!).shape;
  const wanted = [rows, tokens, Number(heads) * Number(width)];
  const made = recognition.type(join.outputs['out']!).shape;
  return made.join() === wanted.join() ? [turn, join] : undefined;
}

/** Counts of two values that are spikes, as rows to be picked. */
function countInto(
  site: Site,
  { matrices, inner, columns }: Selection['product'],
  a: Counted,
  b: Counted,
): number {
  const positions = matrices * inner;
  const floats = blocksOf({ channels: columns, positions }, site.lanes) * site.lanes * positions;
  const currents = site.scratch(4 * site.samples * site.steps * floats);
  const shared = a.turned ? a.spikes.positions / matrices : a.spikes.channels;
  const sizes = { matrices, rows: inner, inner: shared, columns };
  callCountProducts(site, a, b, { ...sizes, currents, one: 1 });
  return currents;
}

function placeSums(
  site: Site,
  { matrices, rows, inner, columns }: Selection['product'],
  spikes: Arranged,
  out: Arranged,
  {
    currents,
    factor,
    merged,
  }: {
    readonly currents: number;
    readonly factor: number;
    readonly merged: boolean;
  },
): void {
  const blocks = Math.ceil(columns / site.lanes);
  // The rows of a matrix, some sums, and a list of spikes.
  const rowBytes = 4 * blocks * site.lanes;
  const scratch = scratchOfThreads(site, site.steps * inner * rowBytes + 128 + 2 * inner + 32);
  site.call(
    'sumSelected',
    (thread) => [
      site.address(spikes),
      currents,
      site.address(out),
      site.steps,
      site.samples,
      matrices,
      rows,
      inner,
      columns,
      site.lanes,
      spikeBytes(spikes, site.lanes),
      scratch[thread]!,
      { float: factor },
      site.bitPositions,
      Number(merged),
    ],
    { unitsPerSample: matrices * rows, first: 0, count: site.samples },
  );
}
