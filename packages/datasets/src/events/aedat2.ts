import { findAedatStart } from './aedat-header.ts';
import type { ByteSource } from './byte-source.ts';
import { readRecords } from './event-records.ts';
import type { EventStream } from './event-stream.ts';

/** How the two fields of an address become a pixel; a is bits 1 to 7, b bits 8 to 14, p bit 0. */
export type Aedat2Convention = 'spikingjelly' | 'tonic' | 'fields';

export interface Aedat2Options {
  /**
   * What the address means, where readers disagree. `spikingjelly` (default): x = 127 - b, y = 127 - a, polarity
   * 1 - p; the DVS128 writes p = 0 for brighter. `tonic`: x = b, y = a, polarity p. `fields`: x = a, y = b,
   * polarity p.
   */
  readonly convention?: Aedat2Convention;
  /**
   * Addresses with bits above 14 are no pixels of a DVS128 but signals from outside. `drop` (default) leaves them
   * out; `keep`, as SpikingJelly and tonic do, takes their lower bits for a pixel.
   */
  readonly special?: 'drop' | 'keep';
}

/**
 * Reads an AEDAT 2.0 recording of a DVS128, the form of CIFAR10-DVS: a text header, then big-endian pairs of
 * address and microseconds, 32 bits each. The sensor has 128 by 128 pixels.
 *
 * Its stream throws `corrupt-file`, with the byte, where the file is cut off, and `unsupported` for other versions.
 *
 * Source: jAER's AEDAT 2.0; Li et al. (2017), CIFAR10-DVS: An Event-Stream Dataset for Object Classification.
 */
export function readAedat2(source: ByteSource, options: Aedat2Options = {}): EventStream {
  const { convention = 'spikingjelly', special = 'drop' } = options;
  const { name } = source;
  const place = conventions[convention];
  return readRecords(
    source,
    { name, width: 128, height: 128, outside: 'error' },
    {
      recordBytes: 8,
      findStart: (bytes) => findAedatStart(bytes, name, { version: '2' }),
      createDecoder: () => (view, at, columns, byte) => {
        const address = view.getUint32(at);
        if (special === 'drop' && address > 0x7fff) return;
        const [x, y, polarity] = place((address >> 1) & 127, (address >> 8) & 127, address & 1);
        columns.add(x, y, polarity, view.getUint32(at + 4), byte);
      },
    },
  );
}

type Place = (a: number, b: number, p: number) => readonly [x: number, y: number, polarity: number];

const conventions: { readonly [K in Aedat2Convention]: Place } = {
  spikingjelly: (a, b, p) => [127 - b, 127 - a, 1 - p],
  tonic: (a, b, p) => [b, a, p],
  fields: (a, b, p) => [a, b, p],
};
