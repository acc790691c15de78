import type { Graph, Tensor } from '@spikeloom/ir';
import type { CompileOptions, Session } from './backend.ts';
import type { Device } from './device.ts';
import { runMultiStep } from './multi-step.ts';
import { makePlan, type Plan } from './plan.ts';
import { prepare } from './prepared.ts';
import { type SessionOptions, StepSession } from './session.ts';

/** A way to run one graph; `createProgram` adds the handling of inputs, sequences and timesteps. */
export interface Route {
  /** The backend's name. */
  readonly backend: string;
  /** The operators that run, after lowering: id and how many nodes. */
  readonly operators: ReadonlyMap<string, number>;
  /** A run that begins with fresh states. */
  open(options: SessionOptions): Session;
  /** All timesteps of a run, for a route that has another way than step by step; it may decline. */
  runAll?(options: RunAllOptions): Promise<Readonly<Record<string, Tensor>>> | undefined;
  /** Frees the weights. */
  dispose(): void;
}

/** A run of all timesteps. */
export interface RunAllOptions extends SessionOptions {
  /** The inputs that are not held: one tensor for each timestep, or more. */
  readonly sequences: Readonly<Record<string, readonly Tensor[]>>;
  readonly timesteps: number;
  readonly schedule: 'step' | 'multi-step';
}

/** Operator by operator, on a device that is ready. */
export function operatorRoute<H>(device: Device<H>, graph: Graph, options: CompileOptions): Route {
  const plan = makePlan(device, graph, options);
  const prepared = prepare(plan, device);
  return {
    backend: device.name,
    operators: countOperators(plan),
    open: (session) => new StepSession(prepared, session),
    runAll: (run) => (run.schedule === 'multi-step' ? runMultiStep(prepared, run) : undefined),
    dispose: () => prepared.dispose(),
  };
}

/** The operators of a plan: id and how many nodes. */
export function countOperators<H>({ instructions }: Plan<H>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { node } of instructions) counts.set(node.op, (counts.get(node.op) ?? 0) + 1);
  return counts;
}
