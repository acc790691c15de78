import type { ByteSource, DataFolder } from '@spikeloom/datasets';
import { bytesInMemory } from '@spikeloom/datasets';
import { SpikeloomError } from '@spikeloom/ir';

/** x, y, polarity, microseconds. */
export type PlainEvent = readonly [x: number, y: number, polarity: number, time: number];

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** One array of several. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** N-MNIST: x, y, a bit of polarity and 23 of time, big-endian. */
export function nMnistFile(events: readonly PlainEvent[]): Uint8Array {
  return Uint8Array.from(
    events.flatMap(([x, y, polarity, time]) => [
      x,
      y,
      (polarity << 7) | (time >> 16),
      (time >> 8) & 255,
      time & 255,
    ]),
  );
}

export const aedat2Header = '#!AER-DAT2.0\r\n# This is a raw AE data file - do not edit\r\n';

/** AEDAT 2.0 of a DVS128: pairs of address and time, big-endian; x and y are bits 1 to 7 and 8 to 14. */
export function aedat2File(
  events: readonly PlainEvent[],
  header: string = aedat2Header,
): Uint8Array {
  const body = new DataView(new ArrayBuffer(events.length * 8));
  events.forEach(([x, y, polarity, time], index) => {
    body.setUint32(index * 8, (y << 8) | (x << 1) | polarity);
    body.setUint32(index * 8 + 4, time);
  });
  return join(ascii(header), new Uint8Array(body.buffer));
}

export const aedat3Header = [
  '#!AER-DAT3.1',
  '#Format: RAW',
  '#Source 1: DVS128',
  '#Start-Time: 2016-10-05 16:26:25 (TZ-0700)',
  '#!END-HEADER',
  '',
].join('\r\n');

/** What a packet says of itself, where that is not what it holds. */
export interface PacketLies {
  readonly type?: number;
  readonly size?: number;
  readonly timeOffset?: number;
  readonly overflow?: number;
  readonly capacity?: number;
  readonly number?: number;
  /** Bytes in place of the events. */
  readonly body?: Uint8Array;
  /** Positions of events whose valid bit is 0. */
  readonly invalid?: readonly number[];
}

/** A packet of AEDAT 3.1: 28 bytes of header, events of data and time, little-endian. */
export function packet(events: readonly PlainEvent[], lies: PacketLies = {}): Uint8Array {
  const count = events.length;
  const head = new DataView(new ArrayBuffer(28));
  head.setUint16(0, lies.type ?? 1, true);
  head.setUint16(2, 1, true);
  head.setUint32(4, lies.size ?? 8, true);
  head.setUint32(8, lies.timeOffset ?? 4, true);
  head.setUint32(12, lies.overflow ?? 0, true);
  head.setUint32(16, lies.capacity ?? count, true);
  head.setUint32(20, lies.number ?? count, true);
  head.setUint32(24, lies.number ?? count, true);
  const body = new DataView(new ArrayBuffer(count * 8));
  events.forEach(([x, y, polarity, time], index) => {
    const valid = lies.invalid?.includes(index) ? 0 : 1;
    body.setUint32(index * 8, ((x << 17) | (y << 2) | (polarity << 1) | valid) >>> 0, true);
    body.setUint32(index * 8 + 4, time, true);
  });
  return join(new Uint8Array(head.buffer), lies.body ?? new Uint8Array(body.buffer));
}

/** AEDAT 3.1. */
export function aedat3File(
  packets: readonly Uint8Array[],
  header: string = aedat3Header,
): Uint8Array {
  return join(ascii(header), ...packets);
}

/** A source that also counts what is read of it and what is left open. */
export function watchedBytes(
  name: string,
  bytes: Uint8Array,
): { readonly source: ByteSource; readonly seen: { read: number; largest: number; open: number } } {
  const seen = { read: 0, largest: 0, open: 0 };
  const inner = bytesInMemory(name, bytes);
  const source: ByteSource = {
    name,
    async open() {
      const opened = await inner.open();
      seen.open += 1;
      return {
        size: opened.size,
        async read(position, length) {
          seen.read += length;
          seen.largest = Math.max(seen.largest, length);
          return opened.read(position, length);
        },
        async close() {
          seen.open -= 1;
        },
      };
    },
  };
  return { source, seen };
}

/** Files in memory as a folder, by their paths. */
export function folderOf(files: Readonly<Record<string, Uint8Array | string>>): DataFolder {
  const notFound = (path: string): SpikeloomError =>
    new SpikeloomError({ code: 'not-found', path, message: 'there is no such file or folder' });
  return {
    name: 'memory',
    async list(path) {
      const prefix = path === '' ? '' : `${path}/`;
      const inside = Object.keys(files).filter((file) => file.startsWith(prefix));
      if (inside.length === 0) throw notFound(path);
      return [
        ...new Set(inside.map((file) => file.slice(prefix.length).split('/')[0]!)),
      ].toSorted();
    },
    file(path) {
      const content = files[path];
      const name = `memory/${path}`;
      if (content !== undefined) {
        return bytesInMemory(name, typeof content === 'string' ? ascii(content) : content);
      }
      return { name, open: () => Promise.reject(notFound(name)) };
    },
  };
}
