import type { ByteSource } from './byte-source.ts';
import type { OutsideRule } from './event-columns.ts';
import { readRecords } from './event-records.ts';
import type { EventStream } from './event-stream.ts';

export interface NMnistOptions {
  /** Columns of the sensor. Default 34; 240 for N-Caltech101. */
  readonly width?: number;
  /** Rows of the sensor. Default 34; 180 for N-Caltech101. */
  readonly height?: number;
  /**
   * What row 240 means. `marker` (default), as in the code of the authors and in tonic: no event, but a sign that
   * the clock moved on by 2^13 µs. `event`, as in SpikingJelly: an event like any other.
   */
  readonly row240?: 'marker' | 'event';
  /** What to do with events outside the sensor. Default `error`. */
  readonly outside?: OutsideRule;
}

/**
 * Reads a recording of N-MNIST or N-Caltech101 (`.bin`): five bytes for each event, x, y, then one bit of
 * polarity and 23 bits of microseconds, big-endian.
 *
 * Its stream throws `corrupt-file`, with the byte, where the file is cut off or an event lies outside.
 *
 * Source: Orchard et al. (2015), Converting Static Image Datasets to Spiking Neuromorphic Datasets Using Saccades.
 */
export function readNMnist(source: ByteSource, options: NMnistOptions = {}): EventStream {
  const { width = 34, height = 34, row240 = 'marker', outside = 'error' } = options;
  return readRecords(
    source,
    { name: source.name, width, height, outside },
    {
      recordBytes: 5,
      findStart: async () => 0,
      createDecoder() {
        let elapsed = 0;
        return (view, at, columns, byte) => {
          const y = view.getUint8(at + 1);
          if (y === 240 && row240 === 'marker') {
            elapsed += markerTime;
            return;
          }
          const high = view.getUint8(at + 2);
          const time = ((high & 127) << 16) | view.getUint16(at + 3);
          columns.add(view.getUint8(at), y, high >> 7, time + elapsed, byte);
        };
      },
    },
  );
}

/** Microseconds that a marker stands for. */
const markerTime = 2 ** 13;
