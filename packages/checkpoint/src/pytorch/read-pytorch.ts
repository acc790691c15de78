import { isZip, otherFormat } from '../file-format.ts';
import type { StateDict } from '../state-dict.ts';
import { stripPrefix } from '../strip-prefix.ts';
import { corrupt, unsupported } from './corrupt.ts';
import { cutTensor, type ReadStorage } from './cut-tensor.ts';
import { findStateDict } from './find-state-dict.ts';
import { createMemoryBudget, type MemoryBudget } from './memory-budget.ts';
import { allowedGlobal } from './pickle-globals.ts';
import { readPickle } from './pickle.ts';
import type { PickleValue, StorageReference } from './pickle-value.ts';
import { storageFrom } from './storage-reference.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';
import { readZipEntry } from './zip-entry.ts';

export interface PyTorchOptions {
  /** The key or keys that lead to the weights. Default: found by rule, see `readPyTorch`. */
  readonly at?: string | readonly string[];
  /** Taken off the names that begin with it: `module.` of DataParallel, `_orig_mod.` of torch.compile. Default: nothing. */
  readonly stripPrefix?: string;
  /**
   * Python names beside the weights that may pass unread, such as `argparse.Namespace`: what they make is left
   * out. Nothing of the file ever runs, with or without them. Default: none.
   */
  readonly opaque?: readonly string[];
  /** Most bytes to take for unpacking and copying, beyond the given ones. Default 2 GiB. */
  readonly maxBytes?: number;
  /** Whether to compare checksums; files saved with `set_crc32_options(False)` have none. Default true. */
  readonly checksums?: boolean;
}

/**
 * Reads the weights of a PyTorch checkpoint, a zip file by `torch.save` of version 1.6 or later, without
 * running anything of it: the pickle is read as data, and a name that is not on the list of plain containers,
 * storages and tensors ends it.
 *
 * The weights are the one dict of tensors under a usual key (`state_dict`, `model_state_dict`, `model`,
 * `module`, `net`, `network`), else the root if it holds tensors itself, else the only dict of tensors right
 * under the root. Tensors are views into the given bytes where they lie there unpacked and row-major.
 *
 * Throws `corrupt-file`, `unsupported` (TorchScript, files older than 1.6, other names in the pickle,
 * big-endian files), `too-large`, `not-found` or `invalid-argument` (no weights, or several), `already-exists`
 * (two names are one without their prefix).
 *
 * Source: PyTorch, torch/serialization.py and caffe2/serialize; the list follows torch/_weights_only_unpickler.py.
 */
export function readPyTorch(bytes: Uint8Array, options: PyTorchOptions = {}): StateDict {
  const { maxBytes = 2 ** 31, checksums = true } = options;
  if (!isZip(bytes)) throw notZip(bytes);
  const reading = { budget: createMemoryBudget(maxBytes), checksums };
  const entries = readZipDirectory(bytes);
  const folder = findFolder(entries);
  checkByteOrder(entries.get(`${folder}/byteorder`), reading);
  const pickle = readZipEntry(entries.get(`${folder}/data.pkl`)!, reading);
  const root = readPickle(
    pickle,
    {
      findGlobal: (module, name) => findGlobal(module, name, options.opaque ?? []),
      findPersistent: storageFrom,
    },
    'data.pkl',
  );
  const { tensors, foundAt, ignored } = findStateDict(root, options.at);
  const context = { readStorage: storageReader(entries, folder, reading), budget: reading.budget };
  return {
    tensors: new Map(
      [...stripPrefix(tensors, options.stripPrefix ?? '')].map(([name, reference]) => [
        name,
        cutTensor(name, reference, context),
      ]),
    ),
    metadata: new Map(),
    foundAt,
    ignored,
  };
}

function notZip(bytes: Uint8Array): Error {
  return (
    otherFormat(bytes) ??
    corrupt('this is no PyTorch checkpoint', {
      expected: 'a zip file by torch.save of PyTorch 1.6 or later',
    })
  );
}

function findFolder(entries: ReadonlyMap<string, ZipEntry>): string {
  const folders = [...entries.keys()].flatMap(
    (name) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1] ?? [],
  );
  const [folder] = folders;
  if (folder === undefined || folders.length > 1) {
    throw unsupported('this zip file is no PyTorch checkpoint', {
      expected: 'one file data.pkl in one folder',
      got: [...entries.keys()].slice(0, 5).join(', ') || 'no files',
    });
  }
  if (entries.has(`${folder}/constants.pkl`)) {
    throw unsupported('this is a TorchScript program, not a checkpoint', {
      fix: 'in Python: `torch.save(torch.jit.load("model.pt").state_dict(), "weights.pt")`',
    });
  }
  return folder;
}

interface Reading {
  readonly budget: MemoryBudget;
  readonly checksums: boolean;
}

function checkByteOrder(entry: ZipEntry | undefined, reading: Reading): void {
  if (!entry) return;
  const order = new TextDecoder('latin1').decode(readZipEntry(entry, reading).subarray(0, 16));
  if (order === 'little') return;
  throw unsupported('the numbers of the file are not little-endian', {
    path: entry.name,
    expected: 'little',
    got: JSON.stringify(order),
    fix: 'load and save it again on a little-endian machine',
  });
}

function findGlobal(module: string, name: string, opaque: readonly string[]): PickleValue {
  const found = allowedGlobal(module, name);
  if (found !== undefined) return found;
  const full = `${module}.${name}`;
  if (opaque.includes(full)) return { kind: 'opaque', name: full };
  throw unsupported(
    `the checkpoint mentions ${JSON.stringify(full)}, which is not on the list of plain data`,
    {
      expected: 'tensors, numbers, text and plain containers',
      fix: `save the weights alone (torch.save(model.state_dict(), …)), or leave it out with { opaque: [${JSON.stringify(full)}] }`,
    },
  );
}

function storageReader(
  entries: ReadonlyMap<string, ZipEntry>,
  folder: string,
  reading: Reading,
): ReadStorage {
  const done = new Map<string, Uint8Array>();
  return ({ key, dtype, length }: StorageReference) => {
    const name = `${folder}/data/${key}`;
    const entry = entries.get(name);
    if (!entry) throw corrupt('the storage of a tensor is not in the file', { path: name });
    const expected = length * (dtype?.bytes ?? 1);
    if (entry.size !== expected) {
      throw corrupt('a storage is not as long as the pickle says', {
        path: name,
        expected: `${expected} bytes`,
        got: `${entry.size}`,
      });
    }
    const bytes = done.get(name) ?? readZipEntry(entry, reading);
    done.set(name, bytes);
    return bytes;
  };
}
