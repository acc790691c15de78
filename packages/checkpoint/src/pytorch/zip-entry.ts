import { inflateSync } from 'fflate';
import { corrupt } from './corrupt.ts';
import { crc32 } from './crc32.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { ZipEntry } from './zip-directory.ts';

/** No deflate stream unpacks to more than this many times its size. */
const maxDeflateRatio = 1032;

/** The bytes of a file: a view where it is stored as it is, a copy where it is packed. */
export function readZipEntry(
  entry: ZipEntry,
  { budget, checksums }: { readonly budget: MemoryBudget; readonly checksums: boolean },
): Uint8Array {
  const bytes = entry.isDeflated ? inflate(entry, budget) : entry.data;
  if (checksums && crc32(bytes) !== entry.crc32) {
    throw corrupt('the checksum of the file is wrong, so its bytes are damaged', {
      path: entry.name,
      expected: hex(entry.crc32),
      got: hex(crc32(bytes)),
      fix: 'copy or download the file again; if it was saved without checksums, read it with { checksums: false }',
    });
  }
  return bytes;
}

function inflate({ name, data, size }: ZipEntry, budget: MemoryBudget): Uint8Array {
  if (size > data.length * maxDeflateRatio) {
    throw corrupt('the file claims to unpack to more than is possible', {
      path: name,
      expected: `at most ${data.length * maxDeflateRatio} bytes from ${data.length}`,
      got: `${size}`,
    });
  }
  budget.spend(size, name);
  let bytes: Uint8Array;
  try {
    // One byte of room beyond the claim shows whether there is more.
    bytes = inflateSync(data, { out: new Uint8Array(size + 1) });
  } catch (cause) {
    throw corrupt('the packed data is damaged', {
      path: name,
      ...(cause instanceof Error ? { got: cause.message } : {}),
    });
  }
  if (bytes.length !== size) {
    throw corrupt('the file unpacks to another size than the archive says', {
      path: name,
      expected: `${size} bytes`,
      got: bytes.length > size ? 'more' : `${bytes.length}`,
    });
  }
  return bytes;
}

function hex(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`;
}
