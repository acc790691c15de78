import { takeRows, type Tensor } from '@spikeloom/ir';
import { type ExitRule, type Program, runUntil, traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { convertTiny, image, registry, sites, sourceFor } from './tiny-vit.ts';

const timesteps = 4;
const layers = sites.map((site) => `${sourceFor(site)}.neuron`);

describe.each(backends)('a converted network on %s', (_, backend) => {
  let program: Program;
  let graph: Program['graph'];
  beforeAll(async () => {
    ({ graph } = await convertTiny(backend));
    program = await backend.compile(graph, { registry });
  });

  test('gives each image exactly the same answer and spikes in a batch as alone', async () => {
    const together = await observe(program, image);
    for (let sample = 0; sample < 4; sample++) {
      const alone = await observe(program, takeRows(image, [sample]));
      for (const [name, values] of together) {
        expectClose(`${name} of image ${sample}`, alone.get(name)!, takeRows(values, [sample], 1), {
          absolute: 0,
        });
      }
    }
  });

  test('gives the same numbers when it runs again, and after a reset', async () => {
    const [first, second] = [await observe(program, image), await observe(program, image)];
    expect(second).toEqual(first);
    const session = program.open({ image });
    const logits = async (): Promise<Tensor[]> => {
      const steps: Tensor[] = [];
      for (let step = 0; step < timesteps; step++) {
        steps.push((await session.advance()).outputs['logits']!);
      }
      return steps;
    };
    const before = await logits();
    session.reset();
    expect(await logits()).toEqual(before);
    session.reset();
    session.reset();
    expect(await logits()).toEqual(before);
    session.dispose();
  });

  test('gives exactly the same logits and spikes step by step and all steps at once', async () => {
    const [steps, atOnce] = [
      await observe(program, image),
      await observe(program, image, 'multi-step'),
    ];
    for (const [name, values] of steps) {
      expectClose(name, atOnce.get(name)!, values, { absolute: 0 });
    }
  });

  test('gives exactly the same logits whether images that stop leave the batch or stay in it', async () => {
    const stops = [2, 4, 1, 3];
    const exit: ExitRule = ({ step, samples }) => samples.map((one) => stops[one] === step + 1);
    const run = (compact: boolean) => runUntil(program, { image }, { timesteps, exit, compact });
    const [leaving, staying] = [await run(true), await run(false)];
    expect([...leaving.timesteps]).toEqual(stops);
    expect(leaving).toEqual(staying);
  });

  test('gives the same logits and spikes with and without kernels of its own', async () => {
    const lowered = await backend.compile(graph, { registry, kernels: 'primitives' });
    expect([...lowered.operators.keys()].filter((id) => !id.startsWith('spikeloom/'))).toEqual([]);
    const [own, plain] = [await observe(program, image), await observe(lowered, image)];
    for (const [name, values] of own) {
      expectClose(name, plain.get(name)!, values, { absolute: 1e-4 });
    }
  });
});

/** Logits and all spikes of a run, `[T, N, …]`. */
async function observe(
  program: Program,
  images: Tensor,
  schedule: 'step' | 'multi-step' = 'step',
): Promise<ReadonlyMap<string, Tensor>> {
  const spikes = traces(layers);
  const { logits } = await program.run(
    { image: images },
    { timesteps, schedule, taps: spikes.taps },
  );
  return new Map([['logits', logits!], ...spikes.read()]);
}
