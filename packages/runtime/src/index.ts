export type {
  Backend,
  Cancellation,
  CompileOptions,
  Inputs,
  Profiler,
  Program,
  RunOptions,
  Session,
  Step,
  StepsOptions,
} from './backend.ts';
export {
  attributesOf,
  type Device,
  type Kernel,
  type KernelCall,
  many,
  type PluginKernel,
  single,
} from './device.ts';
export {
  firingRates,
  type NeuronLayer,
  neuronLayers,
  type Probe,
  spikeCounts,
  traces,
} from './probes.ts';
export { createBackend } from './program.ts';
export {
  type ExitRule,
  type ExitView,
  runUntil,
  type RunUntilOptions,
  type RunUntilResult,
} from './run-until.ts';
export { throwIfAborted } from './session.ts';
export { accumulateSteps, stackSteps } from './stack-steps.ts';
export type { Observation, Tap } from './tap.ts';
