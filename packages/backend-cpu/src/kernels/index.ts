import type { CpuKernel } from '../cpu-array.ts';
import { cast, passKernels, select } from './choice.ts';
import { binaryKernels, comparisonKernels, unaryKernels } from './elementwise.ts';
import { gather, segmentSum } from './indexing.ts';
import { broadcastTo, concat, pad, reshape, slice, transpose } from './layout.ts';
import { matmul } from './matmul.ts';
import { uniform } from './random.ts';
import { reductionKernels } from './reduction.ts';
import { quantizeLevels, spike } from './spiking.ts';
import { avgPool2d, conv2d, maxPool2d } from './windows.ts';

/** A kernel for every primitive, and nothing else: whatever is built on them runs by its lowering. */
export const cpuKernels: readonly CpuKernel[] = [
  ...unaryKernels,
  ...binaryKernels,
  ...comparisonKernels,
  ...reductionKernels,
  ...passKernels,
  avgPool2d,
  broadcastTo,
  cast,
  concat,
  conv2d,
  gather,
  matmul,
  maxPool2d,
  pad,
  quantizeLevels,
  reshape,
  segmentSum,
  select,
  slice,
  spike,
  transpose,
  uniform,
];
