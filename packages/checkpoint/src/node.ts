/** Files on disk, for Node: bounded reading, atomic writing. */
import { open } from 'node:fs/promises';
import { type Graph, isSpikeloomError, type Registry, SpikeloomError } from '@spikeloom/ir';
import writeFileAtomically from 'write-file-atomic';
import { modelFrom, saveModel } from './model-file.ts';
import { parseHeader, parseHeaderLength } from './safetensors-header.ts';
import { type SafetensorsFile, sliceTensors } from './safetensors.ts';

/** Reads a safetensors file; its header is checked against the file size before the data is read. */
export async function readSafetensorsFile(path: string): Promise<SafetensorsFile> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const first = await readBytes(file, 0, Math.min(8, size));
      rejectOtherFormats(first, path);
      const length = parseHeaderLength(first, size);
      const header = parseHeader(await readBytes(file, 8, length), size - 8 - length);
      return sliceTensors(header, await readBytes(file, 8 + length, size - 8 - length));
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
    await writeFileAtomically(
      path,
      typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    );
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

function rejectOtherFormats(first: Uint8Array, path: string): void {
  const starts = (...bytes: number[]): boolean =>
    bytes.every((byte, index) => first[index] === byte);
  const format = starts(0x50, 0x4b, 3, 4)
    ? 'a PyTorch checkpoint (zip)'
    : starts(0x80, 2) || starts(0x80, 4)
      ? 'a pickle'
      : starts(0x89, 0x48, 0x44, 0x46)
        ? 'an HDF5 file'
        : path.endsWith('.onnx')
          ? 'an ONNX model'
          : undefined;
  if (format === undefined) return;
  throw new SpikeloomError({
    code: 'unsupported',
    message: `this is ${format}; only safetensors files are read`,
    fix: 'in Python: `from safetensors.torch import save_file; save_file(model.state_dict(), "model.safetensors")`',
  });
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
