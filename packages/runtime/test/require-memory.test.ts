import { createBuilder, createRegistry, type Graph, tensor } from '@spikeloom/ir';
import { createBackend, type Program } from '@spikeloom/runtime';
import { describe, expect, test } from 'vitest';
import { CountingDevice } from './counting-device.ts';

const registry = createRegistry();

/** A matrix with a number for every pair of samples, of which two are alive at once. */
function pairs(): Graph {
  const b = createBuilder({ name: 'pairs' });
  const x = b.input('x', ['N', 4]);
  const scores = b.matmul(x, x, { transposeB: true }, 'scores');
  const turned = b.reshape(scores, ['N', 'N'], 'turned');
  b.output('out', b.sum(b.mul(turned, 0.5, 'half'), [1]));
  return b.build();
}

/** Bytes at the worst moment: two matrices, the input is gone by then. */
const needed = (samples: number): number => 4 * 2 * samples ** 2;

async function compileWith(memory: number): Promise<{ device: CountingDevice; program: Program }> {
  const device = Object.assign(new CountingDevice(), { memory });
  const program = await createBackend(device).compile(pairs(), { registry });
  return { device, program };
}

describe.each(['step', 'multi-step'] as const)('a run by the schedule %s', (schedule) => {
  const run = (program: Program, samples: number) =>
    program.run(
      { x: tensor(new Float32Array(4 * samples), [samples, 4]) },
      { timesteps: 2, schedule },
    );

  test('takes as much memory as there is', async () => {
    const { program } = await compileWith(needed(10));
    const { out } = await run(program, 10);
    expect(out!.shape).toEqual([2, 10]);
  });

  test('is refused before anything is made when it would take more', async () => {
    const { device, program } = await compileWith(needed(10) - 1);
    const alive = device.alive;
    await expect(run(program, 10)).rejects.toMatchObject({
      code: 'too-large',
      path: 'scores',
      got: expect.stringContaining('float32 [N, N] with N = 10') as unknown,
    });
    expect(device.alive).toBe(alive);
    expect(device.calls.size).toBe(0);
  });

  test('of fewer samples fits again', async () => {
    const { program } = await compileWith(needed(10) - 1);
    await expect(run(program, 9)).resolves.toHaveProperty('out');
  });
});
