import { deflateSync } from 'fflate';
import { crc32 } from '../src/pytorch/crc32.ts';

/** A file to put into a zip archive, and lies to tell about it. */
export interface ZipContent {
  readonly data?: Uint8Array | string;
  readonly deflate?: boolean;
  /** Bytes to write in place of the packed data. */
  readonly packed?: Uint8Array;
  readonly crc32?: number;
  /** The size it claims to unpack to. */
  readonly size?: number;
  readonly method?: number;
  readonly flags?: number;
  /** The name in the header of the file, where it should differ from that in the directory. */
  readonly localName?: string;
  /** Where its header is said to be. */
  readonly header?: number;
  readonly localExtra?: number;
  readonly wide?: boolean;
}

export interface ZipOptions {
  readonly comment?: string;
  readonly count?: number;
  readonly disk?: number;
  readonly directoryAt?: number;
  /** Write a ZIP64 end record; an object changes what it says. */
  readonly zip64?: { readonly at?: bigint; readonly count?: bigint; readonly start?: bigint };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Writes a zip archive byte by byte, right or wrong, by PKWARE's APPNOTE. */
export function zipFile(
  files: readonly (readonly [name: string, content: ZipContent])[],
  { comment = '', count, disk = 0, directoryAt, zip64 }: ZipOptions = {},
): Uint8Array {
  const parts: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let position = 0;
  const add = (list: Uint8Array[], ...fields: readonly (Uint8Array | string)[]): void => {
    for (const field of fields) list.push(typeof field === 'string' ? encode(field) : field);
  };
  for (const [name, content] of files) {
    const plain =
      typeof content.data === 'string' ? encode(content.data) : (content.data ?? new Uint8Array());
    const packed = content.packed ?? (content.deflate ? deflateSync(plain) : plain);
    const method = content.method ?? (content.deflate ? 8 : 0);
    const size = content.size ?? plain.length;
    const crc = content.crc32 ?? crc32(plain);
    const flags = content.flags ?? 0;
    const header = content.header ?? position;
    const extra = new Uint8Array(content.localExtra ?? 0);
    const localName = content.localName ?? name;
    const start = parts.length;
    add(parts, u32(0x04034b50), u16(20), u16(flags), u16(method), u32(0), u32(crc));
    add(parts, u32(packed.length), u32(size), u16(encode(localName).length), u16(extra.length));
    add(parts, localName, extra, packed);
    const wide = content.wide
      ? [u16(1), u16(24), u64(BigInt(size)), u64(BigInt(packed.length)), u64(BigInt(header))]
      : [];
    const narrow = (value: number): Uint8Array => u32(content.wide ? 0xffffffff : value);
    add(central, u32(0x02014b50), u16(20), u16(20), u16(flags), u16(method), u32(0), u32(crc));
    add(central, narrow(packed.length), narrow(size), u16(encode(name).length));
    add(central, u16(content.wide ? 28 : 0), u16(0), u16(0), u16(0), u32(0), narrow(header), name);
    add(central, ...wide);
    position += lengthOf(parts.slice(start));
  }
  const directory = lengthOf(central);
  const total = count ?? files.length;
  const end: Uint8Array[] = [];
  if (zip64) {
    const wideCount = zip64.count ?? BigInt(total);
    add(
      end,
      u32(0x06064b50),
      u64(44n),
      u16(45),
      u16(45),
      u32(0),
      u32(0),
      u64(wideCount),
      u64(wideCount),
    );
    add(end, u64(BigInt(directory)), u64(zip64.start ?? BigInt(position)));
    add(end, u32(0x07064b50), u32(0), u64(zip64.at ?? BigInt(position + directory)), u32(1));
  }
  const say = (value: number, full: number): number => (zip64 ? full : value);
  add(end, u32(0x06054b50), u16(disk), u16(disk), u16(say(total, 0xffff)), u16(say(total, 0xffff)));
  add(end, u32(say(directory, 0xffffffff)), u32(say(directoryAt ?? position, 0xffffffff)));
  add(end, u16(encode(comment).length), comment);
  return join([...parts, ...central, ...end]);
}

function number(width: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(width);
  write(new DataView(bytes.buffer));
  return bytes;
}

const u16 = (value: number): Uint8Array => number(2, (view) => view.setUint16(0, value, true));
const u32 = (value: number): Uint8Array => number(4, (view) => view.setUint32(0, value, true));
const u64 = (value: bigint): Uint8Array => number(8, (view) => view.setBigUint64(0, value, true));

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** One array of several. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
