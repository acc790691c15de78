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
  type KernelSite,
  many,
  type PluginKernel,
  type SpecialKernel,
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
export { makePlan, type Instruction, type Plan, type Slot } from './plan.ts';
export { prepare, type Prepared } from './prepared.ts';
export { createBackend, createProgram } from './program.ts';
export { countOperators, operatorRoute, type Route, type RunAllOptions } from './route.ts';
export {
  type ExitRule,
  type ExitView,
  runUntil,
  type RunUntilOptions,
  type RunUntilResult,
} from './run-until.ts';
export { readTap } from './attach-taps.ts';
export { Handles } from './handles.ts';
export { makeAll } from './make-all.ts';
export { checkFresh, requireLive, requireRows } from './session-rules.ts';
export { type SessionOptions, throwIfAborted } from './session.ts';
export { checkInputs, requireInputs } from './check-inputs.ts';
export { accumulateSteps, stackSteps } from './stack-steps.ts';
export type { Observation, Tap } from './tap.ts';
export { uploadAs } from './upload.ts';
