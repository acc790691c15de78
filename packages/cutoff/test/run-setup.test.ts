import { calibrateTopK, collectStatistics, type LabelledBatch, runSetup } from '@spikeloom/cutoff';
import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { classifier, inBatches, inputsOf, registry } from './classifier.ts';

const timesteps = 6;
const samples = 50;
const x = inputsOf(samples);
const random = createRandom(4);
const labels = Array.from({ length: samples }, () => random.below(4));
const [, cpu] = backends[0]!;
const common = { backend: cpu, registry, timesteps };
const data = inBatches(x, labels, 20);

describe.each(backends)('a set-up on %s', (_, backend) => {
  test('without dropout sees the network as it is', async () => {
    const program = await backend.compile(classifier(), { registry });
    expect(await runSetup(classifier(), { ...common, backend, data })).toEqual(
      await collectStatistics(program, data, { timesteps }),
    );
  });

  test('with dropout sees another one, the same again for the same seed', async () => {
    const options = { ...common, backend, data, dropout: 0.3 };
    const [plain, first, again, other] = [
      await runSetup(classifier(), { ...options, dropout: 0 }),
      await runSetup(classifier(), { ...options, seed: 1 }),
      await runSetup(classifier(), { ...options, seed: 1 }),
      await runSetup(classifier(), { ...options, seed: 2 }),
    ];
    expect(again).toEqual(first);
    expect(first.gap).not.toEqual(plain.gap);
    expect(other.gap).not.toEqual(first.gap);
  });
});

test('equal batches do not lose the same spikes', async () => {
  const [batch] = data;
  const { gap } = await runSetup(classifier(), { ...common, data: [batch!, batch!], dropout: 0.3 });
  expect(gap.slice(0, gap.length / 2)).not.toEqual(gap.slice(gap.length / 2));
});

test('reads data once, batch by batch, and tells how far it is', async () => {
  const events: string[] = [];
  async function* stream(): AsyncGenerator<LabelledBatch, void, void> {
    for (const batch of data) {
      events.push('read');
      yield batch;
    }
  }
  const onProgress = (count: number): void => void events.push(`${count}`);
  const statistics = await runSetup(classifier(), {
    ...common,
    data: stream(),
    dropout: 0.3,
    onProgress,
  });
  expect(events).toEqual(['read', '20', 'read', '40', 'read', '50']);
  expect(statistics).toMatchObject({ timesteps, samples, classes: 4 });
  expect(calibrateTopK(statistics, { epsilon: 0.1 }).settings['thresholds']).toHaveLength(
    timesteps,
  );
});

describe('a set-up refuses', () => {
  test.each([
    ['no data', { data: [] }, 'empty-batch'],
    ['no timesteps', { timesteps: 0 }, 'invalid-timesteps'],
    ['no timesteps with dropout', { timesteps: 0, dropout: 0.3 }, 'invalid-timesteps'],
    ['a dropout of 1', { dropout: 1 }, 'invalid-attribute'],
    ['a negative dropout', { dropout: -0.1 }, 'invalid-argument'],
    ['a dropout that is no number', { dropout: NaN }, 'invalid-argument'],
    ['an output there is none of', { output: 'answers' }, 'invalid-argument'],
  ])('%s', async (_, options, code) => {
    const running = runSetup(classifier(), { ...common, data, ...options });
    await expect(running).rejects.toMatchObject({ name: 'SpikeloomError', code });
  });

  test('to go on when it is cancelled', async () => {
    const controller = new AbortController();
    const running = runSetup(classifier(), {
      ...common,
      data,
      dropout: 0.3,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });
});
