import type { Graph, Tensor } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import type { Context } from '../context.ts';
import { registry } from '../options.ts';
import { type Rounds, summarise } from './rounds.ts';

export interface OperatorSettings {
  /** The operator whose calls are timed. */
  readonly op: string;
  readonly backend: Backend;
  readonly timesteps: number;
  readonly rounds: number;
}

/** Times one operator of a graph: all its calls of a run, without what copies values to and fro. */
export async function timeOperator(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  { op, backend, timesteps, rounds }: OperatorSettings,
  { signal }: Context,
): Promise<Rounds> {
  const program = await backend.compile(graph, { registry });
  try {
    const times: number[] = [];
    // The first round warms the compilers up.
    for (let round = 0; round <= rounds; round++) {
      let milliseconds = 0;
      await program.run(inputs, {
        timesteps,
        signal,
        profiler: {
          now: () => performance.now(),
          record: (call) => {
            if (call.op === op) milliseconds += call.elapsed;
          },
        },
      });
      if (round > 0) times.push(milliseconds / 1000);
      // Lets Ctrl-C through.
      await new Promise(setImmediate);
    }
    return summarise(times);
  } finally {
    program.dispose();
  }
}
