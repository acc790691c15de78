import { tfjsBackend } from '@spikeloom/backend-tfjs';
import { wasmBackend } from '@spikeloom/backend-wasm';
import type { Tensor } from '@spikeloom/ir';
import type { Inputs, Observation, Program } from '@spikeloom/runtime';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  exampleNetworks,
  imageNetwork,
  recurrentNetwork,
  registry,
  timesteps,
} from '../../runtime/test/example-networks.ts';

/** Both backends share the one engine of tfjs, which knows only one current backend. */
const backends = [wasmBackend(), tfjsBackend('cpu'), tfjsBackend('wasm')] as const;

type Runs = readonly Readonly<Record<string, Tensor>>[];

const compileAll = (graph = recurrentNetwork().graph): Promise<Program[]> =>
  Promise.all(backends.map((backend) => backend.compile(graph, { registry })));

async function oneByOne(programs: readonly Program[], inputs: Inputs): Promise<Runs> {
  const results: Readonly<Record<string, Tensor>>[] = [];
  for (const program of programs) results.push(await program.run(inputs, { timesteps }));
  return results;
}

describe('programs of several tfjs backends in one process', () => {
  test.each(exampleNetworks)(
    'give the same bits at once as one by one, in a network $name',
    async ({ graph, inputs }) => {
      const programs = await compileAll(graph);
      const alone = await oneByOne(programs, inputs);
      for (const schedule of ['step', 'multi-step'] as const) {
        const together = await Promise.all(
          programs.map((program) => program.run(inputs, { timesteps, schedule })),
        );
        expect(together).toEqual(alone);
      }
      for (const program of programs) program.dispose();
    },
  );

  test('can take turns step by step, with samples leaving', async () => {
    const { inputs } = recurrentNetwork();
    const programs = await compileAll();
    const walk = async function* (program: Program): AsyncGenerator<number[]> {
      for await (const { step, outputs, keep } of program.steps(inputs, { timesteps })) {
        if (step === 1) keep([3, 1, 4]);
        if (step === 3) keep([2, 0]);
        yield [...outputs['out']!.data];
      }
    };
    const alone: number[][][] = [];
    for (const program of programs) {
      const rows: number[][] = [];
      for await (const row of walk(program)) rows.push(row);
      alone.push(rows);
    }
    const walks = programs.map(walk);
    for (let step = 0; step < timesteps; step++) {
      for (const [index, one] of walks.entries()) {
        expect((await one.next()).value).toEqual(alone[index]![step]);
      }
    }
  });

  test.each(['step', 'multi-step'] as const)(
    'keep the observations of taps apart, schedule %s',
    async (schedule) => {
      const { graph, inputs } = imageNetwork();
      const programs = await compileAll(graph);
      const watch = async (program: Program): Promise<string[]> => {
        const seen: string[] = [];
        const observe = ({ at, step, value }: Observation): void =>
          void seen.push(`${at} ${step} ${value.shape.join()} ${value.data.join()}`);
        const taps = [
          { at: 'hidden', observe },
          { at: 'hidden', countNonZero: { keep: [0] }, observe },
          { at: 'pool', countNonZero: { keep: [0, 1] }, observe },
          { at: 'hidden.v', observe },
        ];
        await program.run(inputs, { timesteps, taps, schedule });
        return seen.toSorted();
      };
      const alone: string[][] = [];
      for (const program of programs) alone.push(await watch(program));
      expect(await Promise.all(programs.map(watch))).toEqual(alone);
      expect(alone[0]).toHaveLength(4 * timesteps);
    },
  );

  test('can be compiled and disposed of in the middle of each other', async () => {
    const { inputs } = recurrentNetwork();
    const [first, ...others] = await compileAll();
    const expected = await first!.run(inputs, { timesteps });
    const before = tf.memory().numTensors;
    const outputs: number[] = [];
    for await (const { outputs: now } of first!.steps(inputs, { timesteps })) {
      const passing = await backends[1].compile(imageNetwork().graph, { registry });
      await passing.run(imageNetwork().inputs, { timesteps: 1 });
      passing.dispose();
      outputs.push(...now['out']!.data);
    }
    expect(outputs).toEqual([...expected['out']!.data]);
    expect(tf.memory().numTensors).toBe(before);
    for (const program of [first!, ...others]) program.dispose();
  });
});

describe('code of the caller that uses tfjs itself', () => {
  beforeAll(async () => {
    // Brings both tfjs backends up.
    for (const program of await compileAll()) program.dispose();
  });

  test.each(['cpu', 'wasm'])('may choose backend %s while a program runs', async (chosen) => {
    const { graph, inputs } = recurrentNetwork();
    for (const backend of backends) {
      const program = await backend.compile(graph, { registry });
      const expected = await program.run(inputs, { timesteps });
      const outputs: number[] = [];
      for await (const { outputs: now } of program.steps(inputs, { timesteps })) {
        await tf.setBackend(chosen);
        tf.tidy(() => tf.add(tf.tensor([1, 2]), 1));
        outputs.push(...now['out']!.data);
      }
      expect(outputs).toEqual([...expected['out']!.data]);
      program.dispose();
    }
  });
});
