import { SpikeloomError } from '@spikeloom/ir';
import { type Aedat3Packet, fullTime, listPackets, type PacketLength } from './aedat3-packets.ts';
import type { ByteSource, OpenBytes } from './byte-source.ts';
import { checkSensor, eventColumns, type OutsideRule, type Sensor } from './event-columns.ts';
import { chunkEvents } from './event-records.ts';
import type { Events, EventStream } from './event-stream.ts';

export interface Aedat3Options {
  /** Columns of the sensor. Default 128. */
  readonly width?: number;
  /** Rows of the sensor. Default 128. */
  readonly height?: number;
  /** What to do with events outside the sensor. Default `error`. */
  readonly outside?: OutsideRule;
  /**
   * Which count of a packet says where the next one begins, where the two differ. The format demands that they
   * are equal in files, so the default is an error. SpikingJelly and tonic go by `capacity`, snnTorch and the
   * description of DVS128 Gesture by `number`. The events are the first `number` either way.
   */
  readonly packetLength?: PacketLength;
  /** What to do with events whose valid bit is 0. Default `drop`, as the format demands; other readers `keep`. */
  readonly invalid?: 'drop' | 'keep';
  /**
   * Whether times go on beyond 31 bits. `extend` (default), as SpikingJelly: the packet's overflow counter is
   * added. `ignore`, as tonic and snnTorch: they begin again at 0 after 36 minutes.
   */
  readonly overflow?: 'extend' | 'ignore';
  /** Bits of a coordinate. Default 15, as the format has it; 13 in snnTorch, tonic and the data set's description. */
  readonly coordinateBits?: 13 | 15;
}

/** From the first of these microseconds on, before the second. */
export type Interval = readonly [from: number, to: number];

/**
 * Reads an AEDAT 3.1 recording, the form of DVS128 Gesture: a text header, then packets of events, little-endian.
 * Packets of other things than polarity events are passed over.
 *
 * Its stream throws `corrupt-file`, with the byte, where the file is cut off, a packet breaks the format or an event
 * lies outside, and `unsupported` for other versions.
 *
 * Source: iniVation, AEDAT 3.1; Amir et al. (2017), A Low Power, Fully Event-Based Gesture Recognition System.
 */
export function readAedat3(
  source: ByteSource,
  options: Aedat3Options & { readonly between?: Interval } = {},
): EventStream {
  return openAedat3(source, options)(options.between);
}

/** A recording of which any stretch may be read; its packets are listed once, at the first reading. */
export function openAedat3(
  source: ByteSource,
  options: Aedat3Options,
): (between?: Interval, name?: string) => EventStream {
  const { width = 128, height = 128, outside = 'error' } = options;
  const sensor = checkSensor({ name: source.name, width, height, outside });
  let packets: readonly Aedat3Packet[] | undefined;
  return (between = [-Infinity, Infinity], name = source.name) => ({
    name,
    width,
    height,
    async *chunks() {
      const bytes = await source.open();
      try {
        packets ??= await listPackets(bytes, source.name, options.packetLength);
        const wanted = within(packets, between, options.overflow);
        for (const packet of wanted) yield* decodePacket(bytes, packet, sensor, between, options);
      } finally {
        await bytes.close();
      }
    },
  });
}

/** The packets that may hold events of an interval; all of them where their times do not ascend. */
function within(
  packets: readonly Aedat3Packet[],
  [from, to]: Interval,
  overflow: Aedat3Options['overflow'] = 'extend',
): readonly Aedat3Packet[] {
  const ascends = packets.every(
    ({ firstTime }, index) => index === 0 || packets[index - 1]!.firstTime <= firstTime,
  );
  if (!ascends || overflow === 'ignore') return packets;
  // The packet before the first that begins in the interval may reach into it.
  const next = packets.findIndex(({ firstTime }) => firstTime >= from);
  const first = Math.max(0, (next < 0 ? packets.length : next) - 1);
  const end = packets.findIndex(({ firstTime }) => firstTime >= to);
  return packets.slice(first, end < 0 ? packets.length : end);
}

async function* decodePacket(
  bytes: OpenBytes,
  packet: Aedat3Packet,
  sensor: Sensor,
  [from, to]: Interval,
  options: Aedat3Options,
): AsyncGenerator<Events, void, void> {
  const mask = 2 ** (options.coordinateBits ?? 15) - 1;
  const overflow = options.overflow === 'ignore' ? 0 : packet.overflow;
  const keepInvalid = options.invalid === 'keep';
  for (let done = 0; done < packet.count; done += chunkEvents) {
    const count = Math.min(chunkEvents, packet.count - done);
    const start = packet.start + done * 8;
    const chunk = await bytes.read(start, count * 8);
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const columns = eventColumns(sensor, count);
    for (let at = 0; at < count * 8; at += 8) {
      const data = view.getUint32(at, true);
      const time = fullTime(view.getUint32(at + 4, true), overflow);
      if (!Number.isSafeInteger(time)) throw impossibleTime(sensor.name, start + at);
      if ((data & 1) === 0 && !keepInvalid) continue;
      if (time < from || time >= to) continue;
      columns.add((data >>> 17) & mask, (data >>> 2) & mask, (data >>> 1) & 1, time, start + at);
    }
    yield columns.take();
  }
}

function impossibleTime(name: string, byte: number): SpikeloomError {
  return new SpikeloomError({
    code: 'corrupt-file',
    path: name,
    message: `the time of the event at byte ${byte} is impossibly large`,
    expected: 'fewer than 2^53 microseconds',
  });
}
