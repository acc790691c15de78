/** The way through the engine: stages found once for every set of held inputs, placed for every size of batch. */
import {
  type Graph,
  graphInputs,
  SpikeloomError,
  type Tensor,
  takeRows,
  valueTypes,
} from '@spikeloom/ir';
import {
  checkInputs,
  type CompileOptions,
  countOperators,
  type Device,
  makePlan,
  operatorRoute,
  prepare,
  type Prepared,
  requireInputs,
  type Route,
  type RunAllOptions,
  type SessionOptions,
  type Slot,
  type Tap,
  stackSteps,
  throwIfAborted,
} from '@spikeloom/runtime';
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import type { Dispatcher } from './dispatch.ts';
import { describeStages, type PlanDescription } from './describe.ts';
import { EngineRun } from './engine-run.ts';
import { bitPositions } from './bit-positions.ts';
import { joinRows, runsRowWise } from './rows.ts';
import { engineDevice, needsStage } from './engine-device.ts';
import type { EngineMemory } from './memory.ts';
import { Placements } from './placements.ts';
import { recognise, type StagePlan } from './recognise.ts';
import { Resident } from './resident.ts';
import { neuronOps } from './neuron.ts';
import { EngineSession, type Part } from './session.ts';
import type { NumberMode } from './stage.ts';

export interface EngineRouteOptions {
  readonly device: Device<TfTensor>;
  readonly heap: () => Heap;
  readonly memory: EngineMemory;
  readonly dispatcher: Dispatcher;
  readonly mode: NumberMode;
  /** Called when a route that was given out is disposed of. */
  readonly ended?: () => void;
  /** A batch runs in parts of at most this much memory, unless one sample needs more. */
  readonly partBytes?: number | undefined;
  /** Whether graphs run through the engine that are not driven by events. */
  readonly always?: boolean;
}

/** Lanes of a block: as many sums as four vectors hold. */
const lanesOf = { float32: 16, int16: 32, int8: 32 } as const satisfies Record<NumberMode, number>;
const usualPartBytes = 256 << 20;

/** Compiles a graph for the engine; undefined where nothing in it is driven by events. */
export function engineRoute(
  engine: EngineRouteOptions,
  graph: Graph,
  options: CompileOptions,
): EngineRoute | undefined {
  if (options.kernels === 'primitives' || options.expose?.length) return undefined;
  const batch = options.batch ?? 'N';
  const device = engineDevice(engine.device, batch);
  const plan = makePlan(device, graph, options);
  // States that reach back over other operators tie timesteps together.
  if (plan.stateNodes.length > 0) return undefined;
  const hasNeurons = plan.instructions.some(({ node }) => neuronOps.includes(node.op));
  if (!engine.always && !hasNeurons) return undefined;
  const route = new EngineRoute(engine, graph, options, prepare(plan, device));
  let isTaken = false;
  try {
    isTaken = route.canRun() && (engine.always || route.isWorthwhile());
    return isTaken ? route : undefined;
  } finally {
    if (!isTaken) route.free();
  }
}

export class EngineRoute implements Route {
  readonly backend: string;
  readonly operators: ReadonlyMap<string, number>;
  readonly #engine: EngineRouteOptions;
  readonly #graph: Graph;
  readonly #options: CompileOptions;
  readonly #prepared: Prepared<TfTensor>;
  readonly #batch: string;
  readonly #weights: Resident;
  readonly #placements: Placements;
  readonly #plans = new Map<string, StagePlan>();
  #operators: Route | undefined;
  #disposed = false;

  constructor(
    engine: EngineRouteOptions,
    graph: Graph,
    options: CompileOptions,
    prepared: Prepared<TfTensor>,
  ) {
    this.#engine = engine;
    this.#graph = graph;
    this.#options = options;
    this.#prepared = prepared;
    this.#batch = options.batch ?? 'N';
    this.backend = engine.device.name;
    this.operators = countOperators(prepared.plan);
    const { memory, dispatcher, mode, partBytes = usualPartBytes } = engine;
    this.#weights = new Resident(memory);
    this.#placements = new Placements({
      memory,
      dispatcher,
      lanes: lanesOf[mode],
      bitPositions: this.#weights.keep('bit positions', bitPositions),
      partBytes,
    });
  }

  /** Whether every operator is part of a stage or has a kernel of its own. */
  canRun(): boolean {
    const { stages } = this.stages(new Set(graphInputs(this.#graph).keys()));
    const stuck = new Set(
      this.#prepared.instructions
        .filter(({ node }) => needsStage(this.#engine.device, node.op))
        .map(({ node }) => node.id),
    );
    return !stages.some(({ kind, path }) => kind === 'operator' && stuck.has(path));
  }

  /** Whether any stage is driven by events. */
  isWorthwhile(): boolean {
    const { stages } = this.stages(new Set(graphInputs(this.#graph).keys()));
    return stages.some(({ kind }) => kind.endsWith('Events') || kind.startsWith('convolveEvents'));
  }

  /** The stages of a run in which these inputs are the same at every timestep. */
  stages(held: ReadonlySet<string>, watched: readonly Slot[] = []): StagePlan {
    const key = [[...held].toSorted().join(' '), ...watched].join('; ');
    const known = this.#plans.get(key);
    if (known) return known;
    const { mode, heap, memory } = this.#engine;
    const plan = recognise({
      prepared: this.#prepared,
      mode,
      lanes: lanesOf[mode],
      batch: this.#batch,
      held,
      watched,
      memories: { heap, engine: () => memory },
      weights: (name, make) => this.#weights.keep(name, make),
    });
    this.#plans.set(key, plan);
    return plan;
  }

  /** The plan of a run of so many samples and timesteps, all inputs held. */
  describe(samples: number, timesteps: number): PlanDescription {
    const plan = this.stages(new Set(graphInputs(this.#graph).keys()));
    const { mode, dispatcher } = this.#engine;
    return {
      stages: describeStages(plan, { mode, samples, timesteps, lanes: lanesOf[mode] }),
      bytes: this.#placements.measure({ plan, samples, steps: timesteps, lasting: false }),
      weightBytes: this.#weights.bytes,
      threads: dispatcher.threads,
    };
  }

  open(options: SessionOptions): EngineSession | ReturnType<Route['open']> {
    const slots = this.#watchable(options.taps);
    if (!slots) return this.#operatorRoute().open(options);
    const plan = this.stages(new Set(Object.keys(options.held)), [...new Set(slots)]);
    const types = valueTypes(this.#graph);
    const planTypes = this.#prepared.plan.types;
    return new EngineSession({
      ...options,
      device: this.#engine.device,
      inputs: graphInputs(this.#graph),
      outputs: new Map(
        Object.entries(this.#graph.outputs).map(([name, ref]) => [name, types.get(ref)!]),
      ),
      watched: options.taps.map((tap, index) => {
        const slot = slots[index]!;
        const value = plan.watched.find((one) => one.slot === slot)!;
        return { tap, value, axis: planTypes[slot]!.shape.indexOf(this.#batch) };
      }),
      begin: (sizes) => this.#begin(plan, options.held, sizes, 1, true),
      end: (parts) => this.#end(parts),
    });
  }

  runAll(options: RunAllOptions): ReturnType<NonNullable<Route['runAll']>> {
    if (options.taps.length === 0) return this.#runAll(options);
    // With taps, step by step: they look at one timestep of all samples.
    return this.#watchable(options.taps) ? undefined : this.#operatorRoute().runAll?.(options);
  }

  /** Where the values are that taps look at; undefined if the engine does not make all of them. */
  #watchable(taps: readonly Tap[]): Slot[] | undefined {
    const { visible, states } = this.#prepared.plan;
    const slots = taps.map(({ at }) => (states.has(at) ? undefined : visible.get(at)));
    const known = slots.filter((slot) => slot !== undefined);
    return known.length === taps.length ? known : undefined;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.free();
    this.#engine.ended?.();
  }

  /** Frees all memory. */
  free(): void {
    this.#disposed = true;
    this.#operators?.dispose();
    this.#placements.dispose();
    this.#weights.dispose();
    this.#prepared.dispose();
  }

  /** All timesteps layer by layer, some samples at a time. */
  async #runAll({
    held,
    sequences,
    timesteps,
    signal,
    profiler,
  }: RunAllOptions): Promise<Readonly<Record<string, Tensor>>> {
    const types = graphInputs(this.#graph);
    const sizes: Record<string, number> = {};
    checkInputs(held, types, sizes);
    for (const [name, tensors] of Object.entries(sequences)) {
      for (const tensor of tensors.slice(0, timesteps))
        checkInputs({ [name]: tensor }, types, sizes);
    }
    requireInputs([...Object.keys(held), ...Object.keys(sequences)], types);
    const plan = this.stages(new Set(Object.keys(held)));
    const everyone = sizes[this.#batch] ?? 1;
    const atOnce = this.#samplesAtOnce(plan, everyone, timesteps);
    const collected: ReadonlyMap<string, readonly Tensor[]>[] = [];
    for (let first = 0; first < everyone; first += atOnce) {
      throwIfAborted(signal);
      if (this.#disposed) throw disposed();
      const rows = range(first, Math.min(atOnce, everyone - first));
      const some = (name: string, tensor: Tensor): Tensor =>
        this.#rowsOf(name, tensor, rows, everyone);
      const parts = this.#place(
        plan,
        mapEntries(held, some),
        { ...sizes, [this.#batch]: rows.length },
        timesteps,
        false,
      );
      try {
        const fresh = mapEntries(sequences, (name, tensors) =>
          tensors.slice(0, timesteps).map((tensor) => some(name, tensor)),
        );
        parts.run.advance(fresh, () => throwIfAborted(signal), profiler);
        collected.push(await parts.run.outputs());
      } finally {
        this.#end([parts]);
      }
    }
    const outputTypes = valueTypes(this.#graph);
    return Object.fromEntries(
      Object.entries(this.#graph.outputs).map(([name, ref]) => {
        const axis = outputTypes.get(ref)!.shape.indexOf(this.#batch);
        const tensors = collected.map((one) => {
          const steps = one.get(name)!;
          return stackSteps(range(0, timesteps).map((step) => steps[step] ?? steps[0]!));
        });
        return [name, joinRows(tensors, axis < 0 ? -1 : axis + 1)];
      }),
    );
  }

  #begin(
    plan: StagePlan,
    held: Readonly<Record<string, Tensor>>,
    sizes: Readonly<Record<string, number>>,
    steps: number,
    lasting: boolean,
  ): Part[] {
    const everyone = sizes[this.#batch] ?? 1;
    const atOnce = this.#samplesAtOnce(plan, everyone, steps);
    const parts: Part[] = [];
    try {
      for (let first = 0; first < everyone; first += atOnce) {
        const rows = range(first, Math.min(atOnce, everyone - first));
        const some = mapEntries(held, (name, tensor) => this.#rowsOf(name, tensor, rows, everyone));
        const partSizes = { ...sizes, [this.#batch]: rows.length };
        parts.push(this.#place(plan, some, partSizes, steps, lasting));
      }
    } catch (error) {
      this.#end(parts);
      throw error;
    }
    return parts;
  }

  #place(
    plan: StagePlan,
    held: Readonly<Record<string, Tensor>>,
    sizes: Readonly<Record<string, number>>,
    steps: number,
    lasting: boolean,
  ): Part {
    const { device, memory, dispatcher } = this.#engine;
    const samples = sizes[this.#batch] ?? 1;
    const placement = this.#placements.take({ plan, samples, steps, lasting });
    const prepared = this.#prepared;
    const batch = this.#batch;
    const run = new EngineRun({
      prepared,
      device,
      memory,
      dispatcher,
      plan,
      placement,
      batch,
      sizes,
      steps,
      held,
    });
    return { run, samples, placement };
  }

  #end(parts: readonly Part[]): void {
    for (const { run, placement } of parts) {
      run.dispose();
      this.#placements.giveBack(placement);
    }
  }

  /** How many samples run at once. */
  #samplesAtOnce(plan: StagePlan, everyone: number, steps: number): number {
    const isWhole = everyone === 1 || !runsRowWise(this.#prepared, this.#batch);
    return isWhole ? everyone : this.#placements.samplesAtOnce(plan, everyone, steps);
  }

  #operatorRoute(): Route {
    const { device } = this.#engine;
    return (this.#operators ??= operatorRoute(device, this.#graph, this.#options));
  }

  #rowsOf(name: string, tensor: Tensor, rows: readonly number[], everyone: number): Tensor {
    const axis = graphInputs(this.#graph).get(name)!.shape.indexOf(this.#batch);
    return axis < 0 || rows.length === everyone ? tensor : takeRows(tensor, rows, axis);
  }
}

function disposed(): SpikeloomError {
  return new SpikeloomError({
    code: 'disposed',
    path: 'program',
    message: 'the program was disposed of during the run',
  });
}

function mapEntries<A, B>(
  entries: Readonly<Record<string, A>>,
  change: (name: string, value: A) => B,
): Record<string, B> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [name, change(name, value)]),
  );
}

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, index) => start + index);
}
