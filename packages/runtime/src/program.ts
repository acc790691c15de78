import {
  formatShape,
  type Graph,
  graphInputs,
  SpikeloomError,
  takeRows,
  type Tensor,
  type ValueType,
  valueTypes,
} from '@spikeloom/ir';
import type {
  Backend,
  CompileOptions,
  Inputs,
  Program,
  RunOptions,
  Session,
  Step,
  StepsOptions,
} from './backend.ts';
import type { Device } from './device.ts';
import { operatorRoute, type Route } from './route.ts';
import type { SessionOptions } from './session.ts';
import { stackSteps } from './stack-steps.ts';

/** Makes a backend of a device: everything but the kernels is here. */
export function createBackend<H>(device: Device<H>): Backend {
  return {
    name: device.name,
    async compile(graph, options) {
      await device.ready?.();
      return createProgram(graph, options, operatorRoute(device, graph, options));
    },
  };
}

/**
 * A program that runs by the given route.
 *
 * @param graph as it was given to `compile`
 */
export function createProgram(graph: Graph, options: CompileOptions, route: Route): Program {
  return new RoutedProgram(graph, options, route);
}

class RoutedProgram implements Program {
  readonly backend: string;
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, ValueType>;
  readonly outputs: ReadonlyMap<string, ValueType>;
  readonly operators: ReadonlyMap<string, number>;
  readonly #route: Route;
  readonly #batch: string;
  readonly #sessions = new Set<Session>();
  #disposed = false;

  constructor(graph: Graph, options: CompileOptions, route: Route) {
    this.#route = route;
    this.#batch = options.batch ?? 'N';
    this.backend = route.backend;
    this.operators = route.operators;
    this.graph = graph;
    this.inputs = graphInputs(graph);
    const types = valueTypes(graph);
    this.outputs = new Map(
      Object.entries(graph.outputs).map(([name, ref]) => [name, types.get(ref)!]),
    );
  }

  open(
    held: Readonly<Record<string, Tensor>> = {},
    options: Omit<StepsOptions, 'timesteps'> = {},
  ): Session {
    if (this.#disposed) throw disposed();
    const session = this.#route.open(this.#sessionOptions(held, options));
    this.#sessions.add(session);
    return session;
  }

  async *steps(inputs: Inputs, options: StepsOptions): AsyncGenerator<Step, void, void> {
    checkTimesteps(options.timesteps);
    const { held, sequences } = splitInputs(inputs, options.timesteps);
    const session = this.open(held, options);
    try {
      let samples: readonly number[] | undefined;
      let everyone = 0;
      for (let index = 0; index < options.timesteps; index++) {
        const fresh = Object.fromEntries(
          Object.entries(sequences).map(([name, tensors]) => [
            name,
            samples ? this.#rowsLeft(name, tensors[index]!, samples, everyone) : tensors[index]!,
          ]),
        );
        const step = await session.advance(fresh);
        samples ??= step.samples;
        if (index === 0) everyone = samples.length;
        yield {
          ...step,
          keep: (rows) => {
            step.keep(rows);
            const before = samples!;
            samples = rows.map((row) => before[row]!);
          },
        };
        if (samples.length === 0) return;
      }
    } finally {
      session.dispose();
      this.#sessions.delete(session);
    }
  }

  async run(inputs: Inputs, options: RunOptions): Promise<Readonly<Record<string, Tensor>>> {
    if (this.#disposed) throw disposed();
    checkTimesteps(options.timesteps);
    const { timesteps, schedule = 'step' } = options;
    const { held, sequences } = splitInputs(inputs, timesteps);
    const all = this.#route.runAll?.({
      ...this.#sessionOptions(held, options),
      sequences,
      timesteps,
      schedule,
    });
    if (all) return all;
    const steps: Readonly<Record<string, Tensor>>[] = [];
    for await (const { outputs } of this.steps(inputs, options)) steps.push(outputs);
    return Object.fromEntries(
      [...this.outputs.keys()].map((name) => [
        name,
        stackSteps(steps.map((outputs) => outputs[name]!)),
      ]),
    );
  }

  dispose(): void {
    this.#disposed = true;
    for (const session of this.#sessions) session.dispose();
    this.#sessions.clear();
    this.#route.dispose();
  }

  #sessionOptions(
    held: Readonly<Record<string, Tensor>>,
    { signal, taps = [], profiler }: Omit<StepsOptions, 'timesteps'>,
  ): SessionOptions {
    return { held, signal, taps, profiler, batch: this.#batch };
  }

  /** The rows of a step's input that belong to samples still in the batch, in their order. */
  #rowsLeft(name: string, tensor: Tensor, samples: readonly number[], everyone: number): Tensor {
    const axis = this.inputs.get(name)?.shape.indexOf(this.#batch) ?? -1;
    if (axis < 0) return tensor;
    if (tensor.shape[axis] !== everyone) {
      throw new SpikeloomError({
        code: 'shape-mismatch',
        path: name,
        message: 'a sequence gives all samples of the first batch at every step',
        expected: `${everyone} at axis ${axis}`,
        got: formatShape(tensor.shape),
      });
    }
    const complete = samples.length === everyone && samples.every((sample, row) => sample === row);
    return complete ? tensor : takeRows(tensor, samples, axis);
  }
}

function checkTimesteps(timesteps: number): void {
  if (Number.isSafeInteger(timesteps) && timesteps >= 1) return;
  throw new SpikeloomError({
    code: 'invalid-timesteps',
    path: 'timesteps',
    message: 'a run has a positive whole number of timesteps',
    expected: '1 or more',
    got: `${timesteps}`,
  });
}

function splitInputs(
  inputs: Inputs,
  timesteps: number,
): { held: Record<string, Tensor>; sequences: Record<string, readonly Tensor[]> } {
  const held: Record<string, Tensor> = {};
  const sequences: Record<string, readonly Tensor[]> = {};
  for (const [name, given] of Object.entries(inputs)) {
    if (!isSequence(given)) {
      held[name] = given;
      continue;
    }
    if (given.length < timesteps) {
      throw new SpikeloomError({
        code: 'missing-input',
        path: name,
        message: 'the sequence is shorter than the run',
        expected: `${timesteps} tensors`,
        got: `${given.length}`,
      });
    }
    sequences[name] = given;
  }
  return { held, sequences };
}

function isSequence(given: Tensor | readonly Tensor[]): given is readonly Tensor[] {
  return Array.isArray(given);
}

function disposed(): SpikeloomError {
  return new SpikeloomError({
    code: 'disposed',
    path: 'program',
    message: 'the program was disposed of',
  });
}
