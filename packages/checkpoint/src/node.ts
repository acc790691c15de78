/** Files on disk, for Node: bounded reading, atomic writing. */
import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Graph, isSpikeloomError, type Registry, SpikeloomError } from '@spikeloom/ir';
import { fromSafetensors } from './checkpoint.ts';
import { isZip, otherFormat } from './file-format.ts';
import { modelFrom, saveModel } from './model-file.ts';
import { type PyTorchOptions, readPyTorch } from './pytorch/read-pytorch.ts';
import { parseHeader, parseHeaderLength } from './safetensors-header.ts';
import { type SafetensorsFile, sliceTensors } from './safetensors.ts';
import type { StateDict } from './state-dict.ts';

/** Reads a safetensors file; its header is checked against the file size before the data is read. */
export async function readSafetensorsFile(path: string): Promise<SafetensorsFile> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const first = await readBytes(file, 0, Math.min(8, size));
      const length = headerLength(first, size, path);
      const header = parseHeader(await readBytes(file, 8, length), size - 8 - length);
      return sliceTensors(header, await readBytes(file, 8 + length, size - 8 - length));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw describeReadError(error, path);
  }
}

/**
 * Reads the tensors of a checkpoint on disk, safetensors or PyTorch, told apart by their first bytes. The whole
 * file is read into memory. Options as for `readCheckpoint`.
 *
 * Throws what `readCheckpoint` throws, with the path, and `not-found`.
 */
export async function readCheckpointFile(
  path: string,
  options: PyTorchOptions = {},
): Promise<StateDict> {
  const zip = await readIfZip(path);
  const plain = zip ? undefined : await readSafetensorsFile(path);
  try {
    return zip ? readPyTorch(zip, options) : fromSafetensors(plain!, options);
  } catch (error) {
    throw describeReadError(error, path);
  }
}

async function readIfZip(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const first = await readBytes(file, 0, Math.min(9, size));
      return isZip(first) ? await readBytes(file, 0, size) : undefined;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw describeReadError(error, path);
  }
}

/** Reads a model file. */
export async function readModelFile(path: string, registry: Registry): Promise<Graph> {
  const file = await readSafetensorsFile(path);
  try {
    return modelFrom(file, registry);
  } catch (error) {
    throw describeReadError(error, path);
  }
}

/** Writes a model file; an old file of that name stays as it is until the new one is whole. */
export async function writeModelFile(path: string, graph: Graph): Promise<void> {
  await writeFile(path, saveModel(graph));
}

/** Writes any file through a temporary one, so that it is never seen half written. */
export async function writeFile(path: string, data: Uint8Array | string): Promise<void> {
  try {
    // A link stays a link; what it points at is replaced.
    const target = await realpath(path).catch(() => path);
    const before = await stat(target).catch(() => undefined);
    const temporary = join(dirname(target), `.${randomUUID()}.tmp`);
    const file = await open(temporary, 'wx', before?.mode);
    try {
      try {
        await file.writeFile(data);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  } catch (cause) {
    throw new SpikeloomError(
      {
        code: 'write-failed',
        path,
        message: 'the file could not be written; what was there before is untouched',
        got: cause instanceof Error ? cause.message : String(cause),
        fix: 'check that the folder exists, can be written to and has space',
      },
      { cause },
    );
  }
}

async function readBytes(
  file: Awaited<ReturnType<typeof open>>,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  // One read call moves at most 2 GiB.
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(
      bytes,
      done,
      Math.min(length - done, 2 ** 30),
      position + done,
    );
    if (bytesRead === 0) {
      throw new SpikeloomError({
        code: 'corrupt-file',
        message: 'the file became shorter while it was read',
      });
    }
    done += bytesRead;
  }
  return bytes;
}

function headerLength(first: Uint8Array, size: number, path: string): number {
  try {
    return parseHeaderLength(first, size);
  } catch (error) {
    // Only now: the length of a sound header may begin like another format.
    throw otherFormat(first, path) ?? error;
  }
}

function describeReadError(error: unknown, path: string): SpikeloomError {
  if (isSpikeloomError(error)) {
    const [problem] = error.problems;
    const where = problem?.path === undefined ? path : `${path}: ${problem.path}`;
    if (error.problems.length > 1 || !problem) return error;
    return new SpikeloomError({ ...problem, path: where }, { cause: error });
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return new SpikeloomError(
    {
      code: code === 'ENOENT' ? 'not-found' : 'corrupt-file',
      path,
      message: code === 'ENOENT' ? 'the file does not exist' : 'the file could not be read',
      got: error instanceof Error ? error.message : String(error),
    },
    { cause: error },
  );
}
