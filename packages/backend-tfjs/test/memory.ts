import type { Tensor } from '@spikeloom/ir';
import type { Backend } from '@spikeloom/runtime';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import {
  exampleNetworks,
  recurrentNetwork,
  registry,
  timesteps,
} from '../../runtime/test/example-networks.ts';
import { thrownBy } from '../../runtime/test/thrown-by.ts';

interface Usage {
  readonly tensors: number;
  readonly buffers: number;
  readonly bytes: number;
}

/** What tfjs holds now. */
function usage(): Usage {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return { tensors: numTensors, buffers: numDataBuffers, bytes: numBytes };
}

const schedules = ['step', 'multi-step'] as const;

/** Tests that a backend on tfjs leaves no tensor behind, whatever happens. */
export function testsOfMemory(backend: Backend): void {
  test.each(exampleNetworks)(
    'a run leaves nothing, in a network $name',
    async ({ graph, inputs }) => {
      for (const kernels of ['all', 'primitives'] as const) {
        (await backend.compile(graph, { registry })).dispose();
        const empty = usage();
        const program = await backend.compile(graph, { registry, kernels });
        const compiled = usage();
        for (const schedule of schedules) {
          await program.run(inputs, { timesteps, schedule });
          expect(usage()).toEqual(compiled);
        }
        program.dispose();
        expect(usage()).toEqual(empty);
      }
    },
  );

  test('two hundred runs need no more than one', async () => {
    const { graph, inputs } = recurrentNetwork();
    const program = await backend.compile(graph, { registry });
    const compiled = usage();
    for (let run = 0; run < 200; run++) {
      await program.run(inputs, { timesteps: 2, schedule: schedules[run % 2]! });
      expect(usage()).toEqual(compiled);
    }
    program.dispose();
  });

  test('a session needs no more at a later step than after the first', async () => {
    const { graph, inputs } = recurrentNetwork();
    const program = await backend.compile(graph, { registry });
    const session = program.open({ x: (inputs['x'] as readonly Tensor[])[0]! });
    await session.advance();
    const first = usage();
    for (let step = 0; step < 20; step++) await session.advance();
    expect(usage()).toEqual(first);
    program.dispose();
  });

  test.each(schedules)('an aborted run leaves nothing, schedule %s', async (schedule) => {
    const { graph, inputs } = recurrentNetwork();
    const program = await backend.compile(graph, { registry });
    const compiled = usage();
    for (const stopAt of [0, 1, 3]) {
      const control = new AbortController();
      if (stopAt === 0) control.abort();
      let seen = 0;
      const observe = (): void => {
        seen += 1;
        if (seen === stopAt) control.abort();
      };
      const taps = [
        { at: 'neuron.v', observe },
        { at: 'last', countNonZero: { keep: [0] }, observe },
      ];
      const options = { timesteps, schedule, taps, signal: control.signal };
      expect((await thrownBy(() => program.run(inputs, options))).code).toBe('aborted');
      expect(usage()).toEqual(compiled);
    }
    program.dispose();
  });

  test('leaving a run early, or samples leaving it, leaves nothing', async () => {
    const { graph, inputs } = recurrentNetwork();
    const program = await backend.compile(graph, { registry });
    const compiled = usage();
    for await (const { step } of program.steps(inputs, { timesteps })) if (step === 1) break;
    expect(usage()).toEqual(compiled);
    for await (const { samples, keep } of program.steps(inputs, { timesteps })) {
      keep(samples.slice(1).map((_, row) => row + 1));
    }
    expect(usage()).toEqual(compiled);
    program.dispose();
  });

  test('disposing of a program frees its weights and its open sessions', async () => {
    const empty = usage();
    const { graph, inputs } = recurrentNetwork();
    const program = await backend.compile(graph, { registry });
    const session = program.open({ x: (inputs['x'] as readonly Tensor[])[0]! });
    await session.advance();
    program.dispose();
    expect(usage()).toEqual(empty);
  });
}
