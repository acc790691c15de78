import { isZip, otherFormat } from './file-format.ts';
import { type PyTorchOptions, readPyTorch } from './pytorch/read-pytorch.ts';
import { readSafetensors, type SafetensorsFile } from './safetensors.ts';
import type { StateDict } from './state-dict.ts';
import { stripPrefix } from './strip-prefix.ts';

/**
 * Reads the tensors of a checkpoint, safetensors or PyTorch, told apart by their first bytes. Of the options,
 * safetensors files take `stripPrefix`; the others are about what only PyTorch files have.
 *
 * Throws what `readSafetensors` and `readPyTorch` throw.
 */
export function readCheckpoint(bytes: Uint8Array, options: PyTorchOptions = {}): StateDict {
  if (isZip(bytes)) return readPyTorch(bytes, options);
  try {
    return fromSafetensors(readSafetensors(bytes), options);
  } catch (error) {
    throw otherFormat(bytes) ?? error;
  }
}

/** A safetensors file as a checkpoint. */
export function fromSafetensors(
  { tensors, metadata }: SafetensorsFile,
  options: PyTorchOptions,
): StateDict {
  const named = stripPrefix(tensors, options.stripPrefix ?? '');
  return { tensors: named, metadata, foundAt: [], ignored: [] };
}
