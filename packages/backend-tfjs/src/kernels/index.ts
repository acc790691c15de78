import type { TfjsKernel } from '../tfjs-kernel.ts';
import { elementwiseKernels } from './elementwise.ts';
import { layoutKernels } from './layout.ts';
import { matmul } from './matmul.ts';
import { uniform } from './random.ts';
import { reductionKernels } from './reduction.ts';
import { quantizeLevels, spike } from './spiking.ts';
import { windowKernels } from './windows.ts';

/** A kernel of tfjs operators for every primitive. */
export const tfjsKernels: readonly TfjsKernel[] = [
  ...elementwiseKernels,
  ...layoutKernels,
  ...reductionKernels,
  ...windowKernels,
  matmul,
  quantizeLevels,
  spike,
  uniform,
];
