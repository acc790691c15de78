import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';
import { Scratch } from './scratch.ts';

type Pair = readonly [number, number];

/** Outputs that are gathered at once: four vectors. */
const lanes = 16;
/** Windows whose sums wait to be put in place: they stay in the second-level cache. */
const windowsAtOnce = 1024;
/** The share of numbers that are not zero above which it is faster to read them all. */
const mostEvents = 0.55;

/** A convolution of images `[N, C, H, W]`; pairs are of rows and columns. */
export interface Convolution {
  readonly x: TfTensor;
  readonly filters: Filters;
  readonly bias?: TfTensor | undefined;
  readonly out: TfTensor;
  readonly groups: number;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Rows of zeros above and columns of zeros to the left; what is negative is cut off. */
  readonly margin: Pair;
  /** Elements are this far apart, with zeros between them. */
  readonly spread: Pair;
}

/** Where the filters of one group lie in their tensor. Strides are in elements. */
export interface Filters {
  readonly tensor: TfTensor;
  readonly size: Pair;
  /** From the filters of one group to those of the next. */
  readonly groupStride: number;
  /** Of the first element of the first filter within its group. */
  readonly offset: number;
  readonly outputStride: number;
  readonly channelStride: number;
  readonly tapStride: Pair;
}

/**
 * Convolves event by event: every window adds up the weights of what is not zero in it, sixteen outputs at a
 * time. On dense images that is as fast as a matrix product, on spikes so much faster as there are fewer.
 */
export function convolve(heap: Heap, convolution: Convolution): void {
  const { x, filters, bias, out, groups, stride, dilation } = convolution;
  const { kernels } = heap;
  const [samples, , height, width] = out.shape as [number, number, number, number];
  const channels = x.shape[1]! / groups;
  const outputs = out.shape[1]! / groups;
  const planeSize = x.shape[2]! * x.shape[3]!;
  const blocks = Math.ceil(outputs / lanes);
  const panelSize = filters.size[0] * filters.size[1] * channels * lanes;
  /** Bytes of the events of a row of a window with nothing left out. */
  const fullRow = 8 * filters.size[1] * channels;
  const layout = layOut(convolution, channels);
  const band = Math.min(height, Math.max(1, Math.floor(windowsAtOnce / width)));

  const scratch = new Scratch(heap);
  const rows = scratch.table(layout.rows);
  const columns = scratch.table(layout.columns);
  const windows = scratch.table(layout.windows);
  const columnCount = layout.columns.length / 2;
  const rowLength = 4 * (columnCount + 1);
  const starts = scratch.space(layout.rows.length * (columnCount + 1));
  // Listing writes one event more than it keeps.
  const events = scratch.space(2 * (channels * planeSize + 1));
  const weights = scratch.space(blocks * panelSize);
  const sums = scratch.space(band * width * lanes);
  const [from, target, filter] = [x, out, filters.tensor].map((tensor) => heap.address(tensor)) as [
    number,
    number,
    number,
  ];
  const isFinite = kernels.isFinite(filter, filters.tensor.size) === 1;
  const count = scratch.space(1);
  const isDense = (image: number): boolean => {
    const size = channels * planeSize;
    kernels.countNonZero(image, count, 1, size, 1);
    return new Float32Array(heap.bytes().buffer, count, 1)[0]! > mostEvents * size;
  };

  for (let group = 0; group < groups; group++) {
    kernels.packFilters(
      filter + 4 * (group * filters.groupStride + filters.offset),
      weights,
      outputs,
      filters.outputStride,
      filters.size[0],
      filters.tapStride[0],
      filters.size[1],
      filters.tapStride[1],
      channels,
      filters.channelStride,
    );
    for (let sample = 0; sample < samples; sample++) {
      const image = from + 4 * (sample * groups + group) * channels * planeSize;
      const inPairs = width > 1 && isDense(image);
      // Weights that are not finite are multiplied by every zero, too.
      const all = Number(inPairs || !isFinite);
      kernels.listWindowEvents(
        image,
        channels,
        planeSize,
        rows,
        layout.rows.length,
        columns,
        columnCount,
        all,
        starts,
        events,
      );
      for (let first = 0; first < height; first += band) {
        const rowsOfWindows = Math.min(band, height - first);
        for (let block = 0; block < blocks; block++) {
          const output = group * outputs + block * lanes;
          const gathering = [
            starts + first * stride[0] * rowLength,
            stride[0] * rowLength,
            dilation[0] * rowLength,
            4 * filters.size[1],
            windows,
            rowsOfWindows,
            width,
            filters.size[0],
            weights + 4 * block * panelSize,
            4 * filters.size[1] * channels * lanes,
          ] as const;
          if (inPairs) kernels.gatherWindowPairs(...gathering, fullRow, sums);
          else kernels.gatherWindows(...gathering, sums);
          kernels.planesFromPanel(
            sums,
            rowsOfWindows * width,
            target + 4 * ((sample * groups * outputs + output) * height + first) * width,
            height * width,
            Math.min(lanes, outputs - block * lanes),
            bias ? heap.address(bias) + 4 * output : 0,
          );
        }
      }
    }
  }
  scratch.free();
}

interface Layout {
  /** Where every row that windows read lies in a plane, in bytes; -1 is zeros. */
  readonly rows: readonly number[];
  /** For every column that windows read: where it lies in a row, and the place of its first weights. */
  readonly columns: readonly number[];
  /** For every column of windows: where its starts lie in a row, and the place its events count from. */
  readonly windows: readonly number[];
}

function layOut(convolution: Convolution, channels: number): Layout {
  const { x, out, filters, stride, dilation, margin, spread } = convolution;
  const [height, width] = x.shape.slice(2) as [number, number];
  const [outHeight, outWidth] = out.shape.slice(2) as [number, number];
  const source = (position: number, axis: 0 | 1, length: number): number => {
    const at = (position - margin[axis]) / spread[axis];
    return at >= 0 && at < length && Number.isInteger(at) ? at : -1;
  };
  const reach = (axis: 0 | 1, count: number): number =>
    (count - 1) * stride[axis] + (filters.size[axis] - 1) * dilation[axis] + 1;
  const rows = Array.from({ length: reach(0, outHeight) }, (_, row) => {
    const at = source(row, 0, height);
    return at < 0 ? -1 : 4 * at * width;
  });
  // Columns as far apart as the elements of a window lie side by side.
  const placeStep = 4 * channels * lanes;
  const across = reach(1, outWidth);
  const columns: number[] = [];
  const firstOf: number[] = [];
  for (let residue = 0; residue < dilation[1]; residue++) {
    firstOf.push(columns.length / 2);
    for (let column = residue, nth = 0; column < across; column += dilation[1], nth++) {
      const at = source(column, 1, width);
      columns.push(at < 0 ? -1 : 4 * at, nth * placeStep);
    }
  }
  const windows = Array.from({ length: outWidth }, (_, window) => {
    const column = window * stride[1];
    const nth = Math.floor(column / dilation[1]);
    return [4 * (firstOf[column % dilation[1]]! + nth), nth * placeStep];
  }).flat();
  return { rows, columns, windows };
}
