import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile as write } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint, readPyTorch, saveModel, writeSafetensors } from '@spikeloom/checkpoint';
import { readCheckpointFile, readModelFile } from '@spikeloom/checkpoint/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleModel, registry } from './example-model.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spikeloom-checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));

const save = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await write(path, bytes);
  return path;
};
const training = Uint8Array.from(
  readFileSync(new URL('golden/pytorch/training.pt', import.meta.url)),
);

describe('readCheckpointFile', () => {
  test.each(['weights.pt', 'weights.safetensors'])(
    'reads a PyTorch file called %s',
    async (name) => {
      const found = await readCheckpointFile(await save(name, training));
      expect(found).toEqual(readPyTorch(training));
      expect(found.foundAt).toEqual(['model']);
    },
  );

  test.each(['model.safetensors', 'model.pt'])(
    'reads a safetensors file called %s',
    async (name) => {
      const bytes = saveModel(exampleModel());
      const found = await readCheckpointFile(await save(name, bytes));
      expect(found).toEqual(readCheckpoint(bytes));
      expect([...found.metadata.keys()]).toContain('spikeloom.graph');
    },
  );

  test('reads a safetensors file whose header is as long as a zip file begins', async () => {
    // "PK\x03\x04" is 67,324,752 as a length.
    const empty = '{"__metadata__":{"x":""}}';
    const metadata = new Map([['x', ' '.repeat(0x04034b50 - empty.length)]]);
    const bytes = writeSafetensors({ tensors: new Map(), metadata });
    expect([...bytes.subarray(0, 4)]).toEqual([0x50, 0x4b, 3, 4]);
    const found = await readCheckpointFile(await save('lookalike', bytes));
    expect([...found.metadata.keys()]).toEqual(['x']);
  });

  test('passes its options on, for both kinds', async () => {
    const options = { stripPrefix: 'module.' };
    const found = await readCheckpointFile(await save('a.pt', training), options);
    const again = await save('b.safetensors', writeSafetensors(readPyTorch(training)));
    expect((await readCheckpointFile(again, options)).tensors).toEqual(found.tensors);
    expect([...found.tensors.keys()][0]).toBe('0.weight');
  });

  test.each([
    ['cut.pt', training.subarray(0, 3000), 'corrupt-file', 'no end record'],
    ['cut.safetensors', saveModel(exampleModel()).subarray(0, 500), 'corrupt-file', ''],
    ['old.pt', Uint8Array.of(0x80, 2, 0x8a, 0x0a, 1, 2, 3, 4, 5), 'unsupported', 'torch.save'],
    ['empty.pt', new Uint8Array(), 'corrupt-file', 'too short'],
  ])('names the file once when it refuses %s', async (name, bytes, code, message) => {
    const path = await save(name, bytes);
    const error: unknown = await readCheckpointFile(path).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect((error as Error).message.split(path)).toHaveLength(2);
  });

  test('says when there is no file', async () => {
    const path = join(folder, 'nowhere.pt');
    await expect(readCheckpointFile(path)).rejects.toMatchObject({ code: 'not-found', path });
  });
});

test('readModelFile says that a PyTorch file is a checkpoint', async () => {
  const path = await save('model.pt', training);
  await expect(readModelFile(path, registry)).rejects.toMatchObject({
    code: 'unsupported',
    path,
    fix: expect.stringContaining('readCheckpointFile'),
  });
});
