import { SpikeloomError } from '@spikeloom/ir';
import { findAedatStart } from './aedat-header.ts';
import type { OpenBytes } from './byte-source.ts';

/** Where the polarity events of one packet lie. */
export interface Aedat3Packet {
  /** The first byte of its first event. */
  readonly start: number;
  readonly count: number;
  /** How often the 31-bit clock has gone round. */
  readonly overflow: number;
  /** Microseconds of its first event, with the overflow. */
  readonly firstTime: number;
}

/** Which of two counts says how many events a packet has room for in the file. */
export type PacketLength = 'number' | 'capacity';

const headerBytes = 28;
const eventBytes = 8;
const polarityType = 1;

/**
 * Walks over the headers of all packets and lists those with polarity events; the others are passed over. Checks
 * that every packet lies within the file.
 */
export async function listPackets(
  bytes: OpenBytes,
  name: string,
  packetLength: PacketLength | undefined,
): Promise<readonly Aedat3Packet[]> {
  const packets: Aedat3Packet[] = [];
  const readAt = windowed(bytes);
  let at = await findAedatStart(bytes, name, { version: '3', endLine: '#!END-HEADER' });
  while (at < bytes.size) {
    const left = bytes.size - at;
    if (left < headerBytes) throw cutOff(name, at, `${headerBytes} bytes for its header`, left);
    // With the first event, so that one reading is enough.
    const head = await readAt(at, Math.min(headerBytes + eventBytes, left));
    const packet = readHeader(new DataView(head.buffer, head.byteOffset, head.byteLength), {
      at,
      name,
      packetLength,
    });
    if (packet.bytes > left - headerBytes) {
      throw cutOff(name, at, `${packet.bytes} bytes of events`, left - headerBytes);
    }
    if (packet.firstTime !== undefined) {
      const { count, overflow, firstTime } = packet;
      packets.push({ start: at + headerBytes, count, overflow, firstTime });
    }
    at += headerBytes + packet.bytes;
  }
  return packets;
}

/** Reads some more than is asked for, because small packets lie close together. */
function windowed(bytes: OpenBytes): OpenBytes['read'] {
  let start = 0;
  let held: Uint8Array = new Uint8Array();
  return async (position, length) => {
    if (position < start || position + length > start + held.length) {
      start = position;
      held = await bytes.read(position, Math.min(2 ** 12, bytes.size - position));
    }
    return held.subarray(position - start, position - start + length);
  };
}

interface PacketHeader {
  readonly bytes: number;
  readonly count: number;
  readonly overflow: number;
  /** Undefined where there are no polarity events. */
  readonly firstTime: number | undefined;
}

function readHeader(
  view: DataView,
  where: {
    readonly at: number;
    readonly name: string;
    readonly packetLength: PacketLength | undefined;
  },
): PacketHeader {
  const type = view.getUint16(0, true);
  const size = view.getUint32(4, true);
  const timeOffset = view.getUint32(8, true);
  const overflow = view.getUint32(12, true);
  const capacity = view.getUint32(16, true);
  const number = view.getUint32(20, true);
  const refuse = (message: string, expected: string, got: string, fix?: string): SpikeloomError =>
    new SpikeloomError({
      code: 'corrupt-file',
      path: where.name,
      message: `${message} in the packet at byte ${where.at}`,
      expected,
      got,
      ...(fix === undefined ? {} : { fix }),
    });
  if (number > capacity)
    throw refuse('there are more events than room', `${capacity}`, `${number}`);
  if (number !== capacity && where.packetLength === undefined) {
    throw refuse(
      'the count of events and the room for them differ, which files do not allow,',
      `${capacity} events`,
      `${number}`,
      'say which of them tells where the next packet begins: { packetLength: "number" } or "capacity"',
    );
  }
  const slots = where.packetLength === 'number' ? number : capacity;
  const hasEvents = type === polarityType && number > 0;
  if (hasEvents && (size !== eventBytes || timeOffset !== 4)) {
    throw refuse(
      'polarity events have another layout',
      `${eventBytes} bytes with the time at 4`,
      `${size} with the time at ${timeOffset}`,
    );
  }
  const isThere = hasEvents && view.byteLength === headerBytes + eventBytes;
  return {
    bytes: slots * size,
    count: number,
    overflow,
    firstTime: isThere ? fullTime(view.getUint32(headerBytes + 4, true), overflow) : undefined,
  };
}

/** The clock has 31 bits; the packet counts how often it has gone round. */
export function fullTime(time: number, overflow: number): number {
  return overflow * 2 ** 31 + time;
}

function cutOff(name: string, at: number, expected: string, got: number): SpikeloomError {
  return new SpikeloomError({
    code: 'corrupt-file',
    path: name,
    message: `the file is cut off in the packet at byte ${at}`,
    expected,
    got: `${got}`,
  });
}
