import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuBackend } from '@spikeloom/backend-cpu';
import { readSafetensors, saveModel, writeSafetensors } from '@spikeloom/checkpoint';
import { constantRate, stateToFile, train, type TrainingState } from '@spikeloom/training';
import { loadTrainingState, openMetricsLog, saveTrainingState } from '@spikeloom/training/node';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { asOrdinaryUser, canLimitFileSize, withFileSizeLimit } from './restricted.ts';
import { toyData, toyNetwork, toyTrainer } from './toy-training.ts';

const data = toyData(16);
const options = { epochs: 2, batch: 8, schedule: constantRate(0.01) };
const states: TrainingState[] = [];
let folder: string;
let path: string;

beforeAll(async () => {
  await train(toyTrainer(cpuBackend()), data, {
    ...options,
    validation: { data, keepBest: true },
    checkpointSteps: 1,
    onCheckpoint: (state) => void states.push(state),
  });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spikeloom-training-'));
  path = join(folder, 'state.safetensors');
});
afterEach(() => rm(folder, { recursive: true }));

/** The bytes of a state's file, with the JSON in its metadata changed. */
function edited(change: (json: Record<string, unknown>) => unknown): Uint8Array {
  const file = stateToFile(states.at(-1)!);
  const json = JSON.parse(file.metadata.get('spikeloom.training')!) as Record<string, unknown>;
  const metadata = new Map([['spikeloom.training', JSON.stringify(change(json))]]);
  return writeSafetensors({ ...file, metadata });
}

describe('a training state', () => {
  test('is read as it was written, at every step', async () => {
    for (const state of states) {
      await saveTrainingState(path, state);
      expect(await loadTrainingState(path)).toEqual(state);
    }
    expect(await readdir(folder)).toEqual(['state.safetensors']);
  });

  test('makes equal files of equal states, whatever a term without weight is', async () => {
    const last = states.at(-1)!;
    const regularisers = { 'example/term': NaN };
    const state = { ...last, totals: { ...last.totals, regularisers } };
    await saveTrainingState(path, state);
    const before = await readFile(path);
    const again = await loadTrainingState(path);
    expect(again).toEqual(state);
    await saveTrainingState(path, again);
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  test('is a file any safetensors tool reads', async () => {
    await saveTrainingState(path, states.at(-1)!);
    const { tensors } = readSafetensors(await readFile(path));
    expect([...tensors.keys()]).toEqual(
      expect.arrayContaining(['weights/fc.weight', 'slots/mean/fc.weight', 'best/fc.weight']),
    );
  });

  test('is refused when it is cut off, wherever that is', async () => {
    const whole = writeSafetensors(stateToFile(states.at(-1)!));
    for (const length of [0, 7, 8, 200, whole.length - 400, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, length));
      await expect(loadTrainingState(path)).rejects.toMatchObject({ code: 'corrupt-file', path });
    }
  });

  test.each([
    ['a model', () => saveModel(toyNetwork()), 'corrupt-file', 'not a training state'],
    ['another file', () => Buffer.from('hello, this is text'), 'too-large', 'header'],
    [
      'a state of a newer version',
      () => edited((json) => ({ ...json, version: 2 })),
      'unsupported',
      'another version',
    ],
    ['a count below 0', () => edited((json) => ({ ...json, step: -1 })), 'corrupt-file', 'damaged'],
    [
      'a missing field',
      () => edited((json) => ({ ...json, totals: undefined })),
      'corrupt-file',
      'damaged',
    ],
    [
      'a field too many',
      () => edited((json) => ({ ...json, extra: 1 })),
      'corrupt-file',
      'damaged',
    ],
    ['no object', () => edited(() => 3), 'corrupt-file', 'damaged'],
    [
      'metadata that are not JSON',
      () =>
        writeSafetensors({ tensors: new Map(), metadata: new Map([['spikeloom.training', '{']]) }),
      'corrupt-file',
      'not JSON',
    ],
  ])('%s is refused', async (_, bytes, code, message) => {
    await writeFile(path, bytes());
    await expect(loadTrainingState(path)).rejects.toMatchObject({
      code,
      path: expect.stringContaining(path),
      message: expect.stringContaining(message),
    });
  });

  test('must exist', async () => {
    await expect(loadTrainingState(path)).rejects.toMatchObject({ code: 'not-found', path });
  });
});

describe('a checkpoint that cannot be written ends the training and leaves the last one', () => {
  const trainAndSave = (resume?: TrainingState) =>
    train(toyTrainer(cpuBackend()), data, {
      ...options,
      epochs: 3,
      validation: { data, keepBest: true },
      resume,
      onCheckpoint: (state) => saveTrainingState(path, state),
    });

  /** The state before, and the one a training leaves that goes on from it and must stop. */
  const stopped = async (restrict: (work: () => Promise<unknown>) => Promise<void>) => {
    await saveTrainingState(path, states.at(-1)!);
    const before = await readFile(path);
    await restrict(() =>
      expect(trainAndSave(states.at(-1))).rejects.toMatchObject({ code: 'write-failed', path }),
    );
    expect((await readFile(path)).equals(before)).toBe(true);
    expect(await readdir(folder)).toEqual(['state.safetensors']);
    const { state } = await trainAndSave(await loadTrainingState(path));
    expect(state).toEqual((await trainAndSave()).state);
  };

  test.skipIf(!canLimitFileSize)('on a full disk (needs prlimit, a tool of Linux)', () =>
    stopped((work) => withFileSizeLimit(1024, work)),
  );

  test.skipIf(process.platform === 'win32')(
    'in a read-only folder (a folder of Windows cannot be made read-only)',
    () =>
      stopped(async (work) => {
        await chmod(folder, 0o555);
        try {
          await asOrdinaryUser(work);
        } finally {
          await chmod(folder, 0o755);
        }
      }),
  );
});

describe('a log of metrics', () => {
  const lines = async (): Promise<unknown[]> =>
    (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  const all = [
    { epoch: 0, step: 1 },
    { epoch: 0, step: 2 },
    { epoch: 1, loss: 0.5 },
    { epoch: 1, step: 1 },
    { epoch: 1, step: 2 },
    { epoch: 2, loss: 0.25 },
  ];
  const write = async (): Promise<void> => {
    const log = await openMetricsLog(path);
    for (const line of all) await log.append(line);
  };

  test('has one JSON object per line', async () => {
    await write();
    expect(await lines()).toEqual(all);
  });

  test.each([
    [{ epoch: 0, step: 1 }, 1],
    [{ epoch: 1, step: 0 }, 3],
    [{ epoch: 1, step: 1 }, 4],
    // All steps of the second epoch are done, but it was not finished.
    [{ epoch: 1, step: 2 }, 5],
    [{ epoch: 2 }, 6],
  ])('goes on from the checkpoint at %j with what was before it', async (position, kept) => {
    await write();
    const log = await openMetricsLog(path, position);
    expect(await lines()).toEqual(all.slice(0, kept));
    await log.append({ epoch: 9 });
    expect(await lines()).toEqual([...all.slice(0, kept), { epoch: 9 }]);
  });

  test('loses a line that was half written', async () => {
    await write();
    await writeFile(path, `${await readFile(path, 'utf8')}{"epoch":2,"st`);
    await openMetricsLog(path, { epoch: 5 });
    expect(await lines()).toEqual(all);
  });

  test('starts anew when there is nothing to go on from', async () => {
    await openMetricsLog(path, { epoch: 3 });
    expect(await readFile(path, 'utf8')).toBe('');
    await write();
    await openMetricsLog(path);
    expect(await readFile(path, 'utf8')).toBe('');
  });

  test('says when it cannot be written', async () => {
    const log = await openMetricsLog(path);
    await rm(path);
    await writeFile(join(folder, 'x'), '');
    await expect(openMetricsLog(join(folder, 'x', 'y'))).rejects.toMatchObject({
      code: 'write-failed',
    });
    await rm(folder, { recursive: true });
    await expect(log.append({ epoch: 0 })).rejects.toMatchObject({ code: 'write-failed', path });
    folder = await mkdtemp(join(tmpdir(), 'spikeloom-training-'));
  });
});
