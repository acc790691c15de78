import type { BenchCase } from './bench-case.ts';
import { ecmtBench } from './ecmt.ts';
import { graphBench } from './graph.ts';
import { kernelBench } from './kernel.ts';
import { neuronBench } from './neuron.ts';
import { spikingResformerBench } from './spikingresformer.ts';
import { trainBench } from './train.ts';

/** Everything `spikeloom bench` measures by name. */
export const benchCases: readonly BenchCase[] = [
  neuronBench,
  kernelBench,
  spikingResformerBench,
  ecmtBench,
  graphBench,
  trainBench,
];
