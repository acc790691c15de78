import { corrupt, unsupported } from './corrupt.ts';

/** Where a file of a zip archive lies. */
export interface ZipEntry {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly crc32: number;
  /** Bytes once unpacked, as the archive says. */
  readonly size: number;
  /** Its bytes in the archive, packed or not. */
  readonly data: Uint8Array;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const centralSignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const centralBytes = 46;
const localBytes = 30;
const maxCommentBytes = 0xffff;

/**
 * Reads the directory of a zip archive, ZIP64 included, and checks it against the headers of the files: after
 * this every entry lies inside the archive, none overlaps another, and no two share a name.
 *
 * Source: PKWARE APPNOTE 6.3. Not done with fflate, whose `unzipSync` believes the sizes in the directory and
 * copies every file; it only unpacks, in zip-entry.ts.
 */
export function readZipDirectory(bytes: Uint8Array): ReadonlyMap<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start, end } = findDirectory(view);
  if (count * centralBytes > end - start) {
    throw corrupt('the zip directory is shorter than its number of files needs', {
      expected: `${count * centralBytes} bytes or more`,
      got: `${end - start}`,
    });
  }
  const entries = new Map<string, LocatedEntry>();
  let at = start;
  for (let index = 0; index < count; index++) {
    const { record, next } = readCentral(view, bytes, at, end);
    if (entries.has(record.name)) throw corrupt('two files share a name', { path: record.name });
    entries.set(record.name, locateData(view, bytes, record, start));
    at = next;
  }
  checkOverlaps([...entries.values()]);
  return entries;
}

interface CentralRecord {
  readonly name: string;
  readonly rawName: Uint8Array;
  readonly isDeflated: boolean;
  readonly crc32: number;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
}

/** Header and end of the data, in bytes from the start of the archive. */
interface LocatedEntry extends ZipEntry {
  readonly header: number;
  readonly end: number;
}

function findDirectory(view: DataView): { count: number; start: number; end: number } {
  const at = findEnd(view);
  const zip64 = findEnd64(view, at);
  const disks = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
  if (!zip64 && disks.some((disk) => disk !== 0)) {
    throw unsupported('zip archives in several parts are not read');
  }
  const count = zip64?.count ?? view.getUint16(at + 10, true);
  const size = zip64?.size ?? view.getUint32(at + 12, true);
  const start = zip64?.start ?? view.getUint32(at + 16, true);
  const limit = zip64?.at ?? at;
  if (start + size > limit) {
    throw corrupt('the zip directory does not fit into the file', {
      expected: `an end at byte ${limit} or before`,
      got: `${start + size}`,
    });
  }
  return { count, start, end: start + size };
}

function findEnd(view: DataView): number {
  const last = view.byteLength - endBytes;
  for (let at = last; at >= 0 && at >= last - maxCommentBytes; at--) {
    const isEnd = view.getUint32(at, true) === endSignature;
    if (isEnd && view.getUint16(at + 20, true) === last - at) return at;
  }
  throw corrupt('the zip archive has no end record; it is probably cut off', {
    expected: `an end record in the last ${endBytes + maxCommentBytes} bytes`,
    got: `${view.byteLength} bytes without one`,
    fix: 'copy or download the file again',
  });
}

function findEnd64(
  view: DataView,
  end: number,
): { at: number; count: number; size: number; start: number } | undefined {
  const locator = end - 20;
  if (locator < 0 || view.getUint32(locator, true) !== locator64Signature) return undefined;
  const at = readUint64(view, locator + 8);
  if (at + 56 > locator || view.getUint32(at, true) !== end64Signature) {
    throw corrupt('the ZIP64 end record is not where the archive says', { got: `byte ${at}` });
  }
  const count = readUint64(view, at + 32);
  return { at, count, size: readUint64(view, at + 40), start: readUint64(view, at + 48) };
}

function readCentral(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  end: number,
): { record: CentralRecord; next: number } {
  if (at + centralBytes > end || view.getUint32(at, true) !== centralSignature) {
    throw corrupt('the zip directory is damaged', { path: `byte ${at}` });
  }
  const nameEnd = at + centralBytes + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > end) throw corrupt('the zip directory is cut off', { path: `byte ${at}` });
  const rawName = bytes.subarray(at + centralBytes, nameEnd);
  const name = checkName(rawName, at);
  const method = view.getUint16(at + 10, true);
  if (view.getUint16(at + 8, true) & 1) {
    throw unsupported('the file is encrypted', { path: name, fix: 'save it without a password' });
  }
  if (method !== 0 && method !== 8) {
    throw unsupported('the file is packed in a way that is not read', {
      path: name,
      expected: 'zip method 0 (stored) or 8 (deflate)',
      got: `${method}`,
    });
  }
  const wide = wideFields(view, nameEnd, extraEnd);
  const field = (offset: number): number => {
    const value = view.getUint32(at + offset, true);
    return value === 0xffffffff ? wide(name) : value;
  };
  // ZIP64 lists the fields that overflowed in this order.
  const [size, packed, header] = [field(24), field(20), field(42)] as const;
  const crc = view.getUint32(at + 16, true);
  const isDeflated = method === 8;
  return { record: { name, rawName, isDeflated, crc32: crc, packed, size, header }, next };
}

/** Gives the 64-bit fields of an entry's extra data, one after the other. */
function wideFields(view: DataView, start: number, end: number): (name: string) => number {
  let at = start;
  let limit = start;
  while (at + 4 <= end && limit === start) {
    const next = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1) limit = Math.min(next, end);
    at = limit === start ? next : at + 4;
  }
  return (name) => {
    if (limit === start || at + 8 > limit) {
      throw corrupt('a ZIP64 size is missing from the directory', { path: name });
    }
    at += 8;
    return readUint64(view, at - 8);
  };
}

function checkName(raw: Uint8Array, at: number): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    throw corrupt('a file name in the zip archive is not UTF-8', { path: `byte ${at}` });
  }
  const parts = name.split('/');
  if (/[\\\0]/.test(name) || parts[0] === '' || parts.includes('..') || /^[a-z]:/i.test(name)) {
    throw corrupt('a file name in the zip archive leaves its folder', {
      path: `byte ${at}`,
      expected: 'names such as archive/data.pkl',
      got: JSON.stringify(name.slice(0, 100)),
    });
  }
  return name;
}

/** Finds the data behind the header of the file, which must agree with the directory. */
function locateData(
  view: DataView,
  bytes: Uint8Array,
  record: CentralRecord,
  directory: number,
): LocatedEntry {
  const { name, rawName, isDeflated, packed, size, header } = record;
  const fits = header + localBytes <= directory && view.getUint32(header, true) === localSignature;
  const nameStart = header + localBytes;
  const nameEnd = fits ? nameStart + view.getUint16(header + 26, true) : nameStart;
  const local = bytes.subarray(nameStart, Math.min(nameEnd, directory));
  const isSame =
    fits &&
    local.length === rawName.length &&
    local.every((byte, index) => byte === rawName[index]) &&
    view.getUint16(header + 8, true) === (isDeflated ? 8 : 0);
  if (!isSame) {
    throw corrupt('the zip directory and the header of the file disagree', {
      path: name,
      expected: `a header of this file at byte ${header}`,
    });
  }
  const start = nameEnd + view.getUint16(header + 28, true);
  if (start + packed > directory || (!isDeflated && packed !== size)) {
    throw corrupt('the file does not fit into the zip archive', {
      path: name,
      expected: isDeflated ? `at most ${directory - start} bytes` : `${packed} bytes`,
      got: `${isDeflated ? packed : size}`,
    });
  }
  const end = start + packed;
  const data = bytes.subarray(start, end);
  return { name, isDeflated, crc32: record.crc32, size, data, header, end };
}

/** Files over the same bytes make small archives that unpack to anything (Fifield 2019). */
function checkOverlaps(entries: readonly LocatedEntry[]): void {
  let free = 0;
  for (const { name, header, end } of entries.toSorted((a, b) => a.header - b.header)) {
    if (header < free) throw corrupt('two files of the zip archive overlap', { path: name });
    free = end;
  }
}

function readUint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw corrupt('a size in the zip archive is impossibly large', { got: `${value}` });
  }
  return Number(value);
}
