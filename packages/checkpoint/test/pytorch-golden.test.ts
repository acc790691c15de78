import { readdirSync, readFileSync } from 'node:fs';
import {
  type PyTorchOptions,
  readCheckpoint,
  readPyTorch,
  tensorsOf,
  writeSafetensors,
} from '@spikeloom/checkpoint';
import { describe, expect, test } from 'vitest';

interface Accepted {
  readonly file: string;
  readonly options: PyTorchOptions;
  readonly foundAt: readonly string[];
  readonly ignored: readonly string[];
  readonly tensors: Readonly<Record<string, StoredAsHex>>;
}

interface StoredAsHex {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly hex: string;
}

interface Refused {
  readonly file: string;
  readonly code: string;
  readonly message: string;
}

// Written by PyTorch itself; generate.py beside them says how.
const folder = new URL('golden/pytorch/', import.meta.url);
const cases = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as readonly (
  Accepted | Refused
)[];
const accepted = cases.filter((entry): entry is Accepted => 'tensors' in entry);
const refused = cases.filter((entry): entry is Refused => 'code' in entry);
const contentOf = (file: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(file, folder)));

describe('checkpoints that PyTorch wrote', () => {
  test('each have a verdict', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.pt'));
    expect(cases.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
    expect([accepted.length, refused.length]).toEqual([7, 5]);
  });

  test.each(accepted)('$file is read to the byte', ({ file, options, ...expected }) => {
    const { tensors, foundAt, ignored, metadata } = readPyTorch(contentOf(file), options);
    const found = [...tensors].map(([name, { dtype, shape, bytes }]) => [
      name,
      { dtype, shape, hex: Buffer.from(bytes).toString('hex') },
    ]);
    expect(found).toEqual(Object.entries(expected.tensors));
    expect({ foundAt, ignored }).toEqual({ foundAt: expected.foundAt, ignored: expected.ignored });
    expect(metadata.size).toBe(0);
  });

  test.each(refused)('$file is refused: $message', ({ file, code, message }) => {
    for (const read of [readPyTorch, readCheckpoint]) {
      expect(() => read(contentOf(file))).toThrow(
        expect.objectContaining({
          name: 'SpikeloomError',
          code,
          message: expect.stringContaining(message),
        }),
      );
    }
  });

  test('give the same through readCheckpoint, and as safetensors again', () => {
    const options = { stripPrefix: 'module.' };
    const direct = readPyTorch(contentOf('training.pt'), options);
    expect(readCheckpoint(contentOf('training.pt'), options)).toEqual(direct);
    expect(readCheckpoint(contentOf('training_deflated.pt'), options)).toEqual(direct);
    const again = readCheckpoint(writeSafetensors(direct), options);
    expect(tensorsOf(again)).toEqual(tensorsOf(direct));
  });

  test('and are stored row-major give views, not copies', () => {
    const bytes = contentOf('layouts.pt');
    const { tensors } = readPyTorch(bytes, { maxBytes: 4096 });
    const isView = (name: string): boolean => tensors.get(name)!.bytes.buffer === bytes.buffer;
    expect(['whole', 'rows', 'number', 'axes_of_one'].filter(isView)).toHaveLength(4);
    expect(['transposed', 'steps', 'expanded', 'channels_last'].filter(isView)).toHaveLength(0);
    expect(tensors.get('tied')!.bytes.byteOffset).toBe(tensors.get('whole')!.bytes.byteOffset);
  });
});
