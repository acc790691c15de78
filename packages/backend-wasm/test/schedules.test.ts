import { wasmBackend } from '@spikeloom/backend-wasm';
import { type Tensor, takeRows } from '@spikeloom/ir';
import type { Step } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import {
  clockedNetwork,
  type ExampleNetwork,
  exampleNetworks,
  imageNetwork,
  passingNetwork,
  recurrentNetwork,
  registry,
  timesteps,
} from '../../runtime/test/example-networks.ts';
import { randomNetwork } from '../../runtime/test/random-network.ts';

const backend = wasmBackend();
const randomNetworks = (first: number, perSample: boolean): ExampleNetwork[] =>
  Array.from({ length: 15 }, (_, index) => randomNetwork(first + index, { perSample }));

describe.each(['all', 'primitives'] as const)('with kernels: %s', (kernels) => {
  test.each([...exampleNetworks, ...randomNetworks(0, false)])(
    'both schedules give the same bits for a network $name',
    async ({ graph, inputs }) => {
      const program = await backend.compile(graph, { registry, kernels });
      const step = await program.run(inputs, { timesteps });
      const multi = await program.run(inputs, { timesteps, schedule: 'multi-step' });
      program.dispose();
      expect(multi).toEqual(step);
    },
  );

  test.each([
    imageNetwork(),
    recurrentNetwork(),
    clockedNetwork(),
    passingNetwork(),
    ...randomNetworks(500, true),
  ])('samples that stay keep their bits in a network $name', async ({ graph, inputs }) => {
    const program = await backend.compile(graph, { registry, kernels });
    const full: Step[] = [];
    for await (const step of program.steps(inputs, { timesteps })) full.push(step);
    const stay = [[4, 1, 2], [0, 2], [1, 0], [1], [0], [0]];
    for await (const { step, outputs, samples, keep } of program.steps(inputs, { timesteps })) {
      for (const [name, tensor] of Object.entries(outputs)) {
        const whole: Tensor = full[step]!.outputs[name]!;
        const axis = program.outputs.get(name)!.shape.indexOf('N');
        expect(tensor, name).toEqual(axis < 0 ? whole : takeRows(whole, samples, axis));
      }
      keep(stay[step]!);
    }
    program.dispose();
  });
});
