/** A plan for people: what runs, in which memory, and why. */
import type { StagePlan } from './recognise.ts';
import type { NumberMode, Stage } from './stage.ts';
import { isStillStage } from './placement.ts';
import { bytesPerSample, type Storage } from './value.ts';

/** One step of a plan. */
export interface PlannedStage {
  /** The kernel, or `operator` where the operator's own kernel runs timestep by timestep. */
  readonly kernel: string;
  /** The node that gives the stage its name. */
  readonly path: string;
  /** All nodes it does; none where it only rearranges a value. */
  readonly nodes: readonly string[];
  /** How often it runs: once for values that no timestep changes. */
  readonly runs: 'once' | 'every timestep';
  /** Bytes of the values it makes in the memory of the engine, for all timesteps. */
  readonly bytes: number;
  readonly why: string;
}

/** How the engine runs a graph for some samples and timesteps. */
export interface PlanDescription {
  readonly stages: readonly PlannedStage[];
  /** Memory for one run, all values packed; weights apart. */
  readonly bytes: number;
  readonly weightBytes: number;
  readonly threads: number;
}

export function describeStages(
  { stages }: StagePlan,
  size: {
    readonly mode: NumberMode;
    readonly samples: number;
    readonly timesteps: number;
    readonly lanes: number;
  },
): PlannedStage[] {
  const bytesOf = (value: Storage): number =>
    value.kind === 'numbers'
      ? 0
      : size.samples * bytesPerSample(value, value.still ? 1 : size.timesteps, size.lanes);
  return stages.map((stage: Stage) => ({
    kernel: stage.kind,
    path: stage.path,
    nodes: stage.nodes,
    runs: isStillStage(stage) ? 'once' : 'every timestep',
    bytes: stage.makes.reduce((sum, value) => sum + bytesOf(value), 0),
    why: stage.why,
  }));
}
