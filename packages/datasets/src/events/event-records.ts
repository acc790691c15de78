import { SpikeloomError } from '@spikeloom/ir';
import type { ByteSource, OpenBytes } from './byte-source.ts';
import { checkSensor, type EventColumns, eventColumns, type Sensor } from './event-columns.ts';
import type { Events, EventStream } from './event-stream.ts';

/** Events that are read and decoded in one go. */
export const chunkEvents = 2 ** 15;

/** A file of records of one length, one for each event. */
export interface RecordFormat {
  readonly recordBytes: number;
  /** Where the records begin. */
  findStart(bytes: OpenBytes): Promise<number>;
  /** Makes the decoder of one reading, so that it may remember what came before. */
  createDecoder(): RecordDecoder;
}

/** Reads the record at a byte of the view and adds what it holds. */
export type RecordDecoder = (
  view: DataView,
  at: number,
  columns: EventColumns,
  /** Where the record lies in the file. */
  byte: number,
) => void;

/** Reads such a file a chunk at a time. */
export function readRecords(source: ByteSource, sensor: Sensor, format: RecordFormat): EventStream {
  const { name, width, height } = checkSensor(sensor);
  return { name, width, height, chunks: () => decodeRecords(source, sensor, format) };
}

async function* decodeRecords(
  source: ByteSource,
  sensor: Sensor,
  { recordBytes, findStart, createDecoder }: RecordFormat,
): AsyncGenerator<Events, void, void> {
  const bytes = await source.open();
  try {
    const start = await findStart(bytes);
    const whole = bytes.size - ((bytes.size - start) % recordBytes);
    if (whole !== bytes.size) {
      throw new SpikeloomError({
        code: 'corrupt-file',
        path: sensor.name,
        message: `the file is cut off in the event at byte ${whole}`,
        expected: `${recordBytes} bytes for every event`,
        got: `${bytes.size - whole}`,
      });
    }
    const decode = createDecoder();
    for (let at = start; at < whole; at += chunkEvents * recordBytes) {
      const length = Math.min(chunkEvents * recordBytes, whole - at);
      const chunk = await bytes.read(at, length);
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const columns = eventColumns(sensor, length / recordBytes);
      for (let record = 0; record < length; record += recordBytes) {
        decode(view, record, columns, at + record);
      }
      yield columns.take();
    }
  } finally {
    await bytes.close();
  }
}
