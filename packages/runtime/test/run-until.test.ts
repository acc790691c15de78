import { cpuBackend } from '@spikeloom/backend-cpu';
import { createBuilder, createRandom, type Tensor, tensor } from '@spikeloom/ir';
import { accumulateSteps, type ExitRule, runUntil } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import {
  imageNetwork,
  recurrentNetwork,
  registry,
  samples,
  timesteps,
} from './example-networks.ts';
import { randomNetwork } from './random-network.ts';
import { thrownBy } from './thrown-by.ts';

/** Lets every sample go at a step of its own. */
const leaveAt =
  (steps: readonly number[]): ExitRule =>
  ({ step, samples: running }) =>
    running.map((sample) => step + 1 >= steps[sample]!);

const never: ExitRule = ({ samples: running }) => running.map(() => false);

async function compiled(network = imageNetwork()) {
  const program = await cpuBackend().compile(network.graph, { registry });
  const output = [...program.outputs.keys()][0]!;
  const stacked = (await program.run(network.inputs, { timesteps }))[output]!;
  return { program, inputs: network.inputs, sums: accumulateSteps(stacked) };
}

/** The row of a sample in the sums after so many steps. */
function rowAt(sums: Tensor, steps: number, sample: number): number[] {
  const [, batch] = sums.shape as [number, number];
  const width = sums.data.length / (timesteps * batch);
  const start = ((steps - 1) * batch + sample) * width;
  return [...sums.data.slice(start, start + width)];
}

describe('runUntil', () => {
  const exits = [1, 3, 6, 2, 3];
  const networks = [
    imageNetwork(),
    recurrentNetwork(),
    ...Array.from({ length: 10 }, (_, seed) => randomNetwork(900 + seed, { perSample: true })),
  ];

  test.each(networks)(
    'gives every sample the sum of the steps it ran, exactly, in a network $name',
    async (network) => {
      const { program, inputs, sums } = await compiled(network);
      for (const compact of [true, false]) {
        const result = await runUntil(program, inputs, {
          timesteps,
          exit: leaveAt(exits),
          compact,
        });
        expect([...result.timesteps]).toEqual(exits);
        const { accumulated } = result;
        const width = accumulated.data.length / samples;
        exits.forEach((steps, sample) => {
          expect([...accumulated.data.slice(sample * width, (sample + 1) * width)]).toEqual(
            rowAt(sums, steps, sample),
          );
        });
      }
    },
  );

  test('gives the same with and without compaction for random exits', async () => {
    const random = createRandom(3);
    const { program, inputs } = await compiled(recurrentNetwork());
    for (let round = 0; round < 20; round++) {
      const exit = leaveAt(Array.from({ length: samples }, () => 1 + random.below(timesteps)));
      const compact = await runUntil(program, inputs, { timesteps, exit });
      expect(await runUntil(program, inputs, { timesteps, exit, compact: false })).toEqual(compact);
    }
  });

  test('runs to the last step when the rule never lets go', async () => {
    const { program, inputs, sums } = await compiled();
    const { accumulated, timesteps: ran } = await runUntil(program, inputs, {
      timesteps,
      exit: never,
    });
    expect([...ran]).toEqual([6, 6, 6, 6, 6]);
    expect([...accumulated.data.slice(0, 4)]).toEqual(rowAt(sums, 6, 0));
  });

  test('stops as soon as everyone is done', async () => {
    const { program, inputs } = await compiled();
    const steps: number[] = [];
    const exit: ExitRule = ({ step, samples: running }) => {
      steps.push(step);
      return running.map(() => step === 1);
    };
    for (const compact of [true, false]) {
      steps.length = 0;
      await runUntil(program, inputs, { timesteps, exit, compact });
      expect(steps).toEqual([0, 1]);
    }
  });

  test.each([true, false])(
    'shows the rule only samples that still run (compact: %s)',
    async (compact) => {
      const { program, inputs, sums } = await compiled();
      const exit: ExitRule = (view) => {
        expect(view.accumulated.shape).toEqual([view.samples.length, 4]);
        view.samples.forEach((sample, row) => {
          expect([...view.accumulated.data.slice(4 * row, 4 * row + 4)]).toEqual(
            rowAt(sums, view.step + 1, sample),
          );
        });
        return leaveAt(exits)(view);
      };
      const { timesteps: ran } = await runUntil(program, inputs, { timesteps, exit, compact });
      expect([...ran]).toEqual(exits);
    },
  );

  test('can look at another output than the first', async () => {
    const { program, inputs } = await compiled();
    const spikes = accumulateSteps((await program.run(inputs, { timesteps }))['spikes']!);
    const options = { timesteps, exit: leaveAt(exits), output: 'spikes' };
    const { accumulated } = await runUntil(program, inputs, options);
    expect([...accumulated.data.slice(0, 4)]).toEqual(rowAt(spikes, 1, 0));
  });

  test('accepts any list of truth values, and takes what is missing for no', async () => {
    const { program, inputs } = await compiled();
    const short = await runUntil(program, inputs, { timesteps, exit: () => [true] });
    expect([...short.timesteps].toSorted()).toEqual([1, 2, 3, 4, 5]);
  });

  test('counts truth values as numbers', async () => {
    const b = createBuilder();
    b.output('fires', b.greater(b.input('x', ['N', 1]), 0));
    const program = await cpuBackend().compile(b.build(), { registry });
    const x = tensor([1, -1], [2, 1]);
    const { accumulated } = await runUntil(program, { x }, { timesteps: 300, exit: never });
    expect(accumulated).toEqual(tensor([300, 0], [2, 1]));
  });

  test('does not change the outputs that taps and the rule see', async () => {
    const { program, inputs } = await compiled();
    const seen: Tensor[] = [];
    const options = {
      timesteps,
      exit: never,
      taps: [{ at: 'fc', observe: ({ value }: { value: Tensor }) => void seen.push(value) }],
    };
    await runUntil(program, inputs, options);
    const { logits } = await program.run(inputs, { timesteps });
    expect(seen.flatMap(({ data }) => [...data])).toEqual([...logits!.data]);
  });

  test('names the outputs there are when asked for another', async () => {
    const { program, inputs } = await compiled();
    const options = { timesteps, exit: never, output: 'probabilities' };
    expect(await thrownBy(() => runUntil(program, inputs, options))).toMatchObject({
      code: 'invalid-argument',
      path: 'runUntil',
      expected: 'logits, spikes',
      got: 'probabilities',
    });
  });

  test('refuses an output that does not have a row for every sample', async () => {
    const b = createBuilder();
    const x = b.input('x', ['N', 2]);
    b.output('total', b.sum(x, [0]));
    b.output('turned', b.transpose(x, [1, 0]));
    const program = await cpuBackend().compile(b.build(), { registry });
    const given = { x: tensor([1, 2, 3, 4, 5, 6], [3, 2]) };
    for (const output of ['total', 'turned']) {
      const options = { timesteps: 2, exit: never, output };
      expect(await thrownBy(() => runUntil(program, given, options))).toMatchObject({
        code: 'shape-mismatch',
        path: output,
      });
    }
  });

  test.each([0, 1.5])('refuses %d timesteps', async (count) => {
    const { program, inputs } = await compiled();
    const options = { timesteps: count, exit: never };
    expect((await thrownBy(() => runUntil(program, inputs, options))).code).toBe(
      'invalid-timesteps',
    );
  });

  test('can be aborted', async () => {
    const { program, inputs } = await compiled();
    const control = new AbortController();
    const exit: ExitRule = (view) => {
      control.abort();
      return never(view);
    };
    const options = { timesteps, exit, signal: control.signal };
    expect((await thrownBy(() => runUntil(program, inputs, options))).code).toBe('aborted');
  });
});
