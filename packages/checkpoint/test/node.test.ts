import { mkdtemp, readFile, rm, writeFile as write } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveModel, writeSafetensors } from '@spikeloom/checkpoint';
import { readModelFile, readSafetensorsFile, writeModelFile } from '@spikeloom/checkpoint/node';
import { createRegistry, graphToJson } from '@spikeloom/ir';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exampleModel, registry } from './example-model.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spikeloom-read-'));
});
afterAll(() => rm(folder, { recursive: true }));

const save = async (name: string, bytes: Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await write(path, bytes);
  return path;
};

test('a model that was written to disk is the model that is read', async () => {
  const path = join(folder, 'model.safetensors');
  await writeModelFile(path, exampleModel());
  const model = await readModelFile(path, registry);
  expect(graphToJson(model)).toEqual(graphToJson(exampleModel()));
  expect(model.weights).toEqual(exampleModel().weights);
  expect(new Uint8Array(await readFile(path))).toEqual(saveModel(exampleModel()));
});

describe('reading refuses', () => {
  test('a file that is cut off, wherever that is', async () => {
    const whole = saveModel(exampleModel());
    for (const length of [0, 7, 8, 100, whole.length - 200, whole.length - 1]) {
      const path = await save('cut.safetensors', whole.subarray(0, length));
      await expect(readSafetensorsFile(path)).rejects.toMatchObject({ code: 'corrupt-file', path });
    }
  });

  test('a file with bytes after its end', async () => {
    const whole = saveModel(exampleModel());
    const path = await save('long.safetensors', Buffer.concat([whole, new Uint8Array(3)]));
    await expect(readSafetensorsFile(path)).rejects.toMatchObject({
      code: 'corrupt-file',
      path,
      message: expect.stringContaining('bytes after the last tensor'),
    });
  });

  test('a header longer than the format allows, before it makes room for it', async () => {
    const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0x7b, 0x7d);
    const path = await save('huge.safetensors', bytes);
    await expect(readSafetensorsFile(path)).rejects.toMatchObject({ code: 'too-large', path });
  });

  test('a file that does not exist', async () => {
    const path = join(folder, 'nowhere.safetensors');
    await expect(readSafetensorsFile(path)).rejects.toMatchObject({ code: 'not-found', path });
    await expect(readModelFile(path, registry)).rejects.toMatchObject({ code: 'not-found', path });
  });

  test('a folder', async () => {
    await expect(readSafetensorsFile(folder)).rejects.toMatchObject({
      code: 'corrupt-file',
      path: folder,
      message: expect.stringContaining('could not be read'),
    });
  });

  const convert = 'safetensors.torch';
  const other = 'readCheckpointFile';
  const again = 'torch.save';
  const initialisers = 'graph.initializer';
  test.each([
    ['model.pt', 'a PyTorch checkpoint (zip)', other, [0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0]],
    ['zip.pt', 'a PyTorch checkpoint (zip)', other, [0x50, 0x4b, 3, 4, 0x14, 0, 0, 0, 8, 0]],
    ['old.pth', 'a pickle', again, [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]],
    ['new.pkl', 'a pickle', again, [0x80, 4, 0x95, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x94, 0x2e]],
    ['model.h5', 'an HDF5 file', convert, [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]],
    [
      'model.onnx',
      'an ONNX model',
      initialisers,
      [8, 7, 0x12, 7, 0x70, 0x79, 0x74, 0x6f, 0x72, 0x63],
    ],
  ])('%s, because it is %s, and says what to do: %s', async (name, what, fix, bytes) => {
    const path = await save(name, Uint8Array.from(bytes));
    await expect(readSafetensorsFile(path)).rejects.toMatchObject({
      code: 'unsupported',
      path,
      message: expect.stringContaining(what),
      fix: expect.stringContaining(fix),
    });
  });

  test('a model with an operator nobody knows, naming file and node', async () => {
    const path = await save('unknown.safetensors', saveModel(exampleModel()));
    await expect(readModelFile(path, createRegistry())).rejects.toMatchObject({
      problems: [{ code: 'unknown-operator' }, { code: 'unknown-operator' }],
    });
  });
});

// Headers of these lengths begin like a pickle of protocol 2 and 4.
test.each([0x0280, 0x0480])('a sound file with a header of %i bytes is read', async (length) => {
  const metadata = new Map([['x', 'y'.repeat(length - '{"__metadata__":{"x":""}}'.length)]]);
  const bytes = writeSafetensors({ tensors: new Map(), metadata });
  expect(bytes).toHaveLength(8 + length);
  const file = await readSafetensorsFile(await save('lookalike.safetensors', bytes));
  expect(file.metadata).toEqual(metadata);
});
