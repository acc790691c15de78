import { readFileSync } from 'node:fs';
import {
  blobBytes,
  bytesInMemory,
  collectEvents,
  type EventStream,
  readAedat2,
  readAedat3,
  readNMnist,
} from '@spikeloom/datasets';
import { createRandom, isSpikeloomError } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import {
  aedat2File,
  aedat2Header,
  aedat3File,
  aedat3Header,
  join,
  nMnistFile,
  packet,
  type PlainEvent,
  watchedBytes,
} from './event-files.ts';

const readers = { 'n-mnist': readNMnist, aedat2: readAedat2, aedat3: readAedat3 };
type Format = keyof typeof readers;

/** All events as rows. */
async function rowsOf(stream: EventStream): Promise<PlainEvent[]> {
  const { x, y, polarity, timestamps } = await collectEvents(stream);
  return Array.from(x, (column, at) => [column, y[at]!, polarity[at]!, timestamps[at]!]);
}

interface Vector {
  readonly format: Format;
  readonly peer: string;
  readonly options: object;
  readonly hex: string;
  readonly events: Readonly<Record<'x' | 'y' | 'p' | 't', readonly number[]>>;
}

// What the readers of SpikingJelly and tonic make of bytes that Python wrote.
const { readers: vectors } = JSON.parse(
  readFileSync(new URL('golden/events.json', import.meta.url), 'utf8'),
) as { readonly readers: readonly Vector[] };

describe('bytes mean what other readers say', () => {
  test.each(vectors)('$format as in $peer, $options', async ({ format, options, hex, events }) => {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    const stream = readers[format](bytesInMemory('x', bytes), options);
    expect(await rowsOf(stream)).toEqual(
      events.x.map((x, at) => [x, events.y[at]!, events.p[at]!, events.t[at]!]),
    );
  });
});

const three: readonly PlainEvent[] = [
  [1, 2, 1, 10],
  [33, 0, 0, 70_000],
  [0, 33, 1, 2 ** 23 - 1],
];

describe('N-MNIST', () => {
  const read = (events: readonly PlainEvent[], options = {}): Promise<PlainEvent[]> =>
    rowsOf(readNMnist(bytesInMemory('a.bin', nMnistFile(events)), options));

  test('has five bytes for each event', async () => {
    expect(await read(three)).toEqual(three);
    expect(await read([])).toEqual([]);
  });

  test('moves its clock on where row 240 is a marker', async () => {
    const marker: PlainEvent = [0, 240, 0, 0];
    expect(await read([three[0]!, marker, three[0]!, marker, three[0]!])).toEqual(
      [10, 10 + 8192, 10 + 16384].map((time) => [1, 2, 1, time]),
    );
  });

  test('refuses a file that is cut off, with the byte', async () => {
    const stream = readNMnist(bytesInMemory('a.bin', nMnistFile(three).subarray(0, 12)));
    await expect(collectEvents(stream)).rejects.toMatchObject({
      code: 'corrupt-file',
      path: 'a.bin',
      message: expect.stringContaining('in the event at byte 10'),
      got: '2',
    });
  });

  test('refuses an event outside the sensor, with the byte, unless it is told to drop it', async () => {
    const events: PlainEvent[] = [three[0]!, [34, 5, 1, 20], three[1]!];
    await expect(read(events)).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining('the event at byte 5 lies outside'),
      got: 'x 34, y 5',
    });
    expect(await read(events, { outside: 'drop' })).toEqual([three[0], three[1]]);
    expect(await read(events, { width: 240, height: 180 })).toEqual(events);
    await expect(read([[0, 240, 0, 0]], { row240: 'event' })).rejects.toMatchObject({
      got: 'x 0, y 240',
    });
  });

  test.each([{ width: 0 }, { height: 1.5 }, { width: NaN }, { height: 2 ** 17 }])(
    'refuses a sensor of %j',
    (options) => {
      expect(() => readNMnist(bytesInMemory('a.bin', new Uint8Array()), options)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      );
    },
  );
});

describe('AEDAT 2.0', () => {
  const read = (bytes: Uint8Array, options = {}): Promise<PlainEvent[]> =>
    rowsOf(readAedat2(bytesInMemory('a.aedat', bytes), options));
  const corner: readonly PlainEvent[] = [[3, 100, 0, 2 ** 32 - 1]];

  test('has three ways to read an address', async () => {
    const bytes = aedat2File(corner);
    expect(await read(bytes)).toEqual([[27, 124, 1, 2 ** 32 - 1]]);
    expect(await read(bytes, { convention: 'tonic' })).toEqual([[100, 3, 0, 2 ** 32 - 1]]);
    expect(await read(bytes, { convention: 'fields' })).toEqual(corner);
  });

  test('leaves out what is no pixel', async () => {
    const special = join(aedat2File(corner), Uint8Array.of(0, 0, 0x80, 0, 0, 0, 0, 9));
    expect(await read(special, { convention: 'fields' })).toEqual(corner);
    expect(await read(special, { convention: 'fields', special: 'keep' })).toEqual([
      ...corner,
      [0, 0, 0, 9],
    ]);
  });

  test('may have a header of any length and no events', async () => {
    const long = `${aedat2Header}${'# x\r\n'.repeat(10_000)}`;
    expect(await read(aedat2File(corner, long), { convention: 'fields' })).toEqual(corner);
    expect(await read(aedat2File([], long))).toEqual([]);
  });

  test.each([
    ['nothing', new Uint8Array(), 'corrupt-file', 'no AEDAT file'],
    ['another file', nMnistFile(three), 'corrupt-file', 'no AEDAT file'],
    ['version 3.1', aedat3File([]), 'unsupported', 'readAedat3'],
    ['version 4', aedat2File([], '#!AER-DAT4.0\r\n'), 'unsupported', 'export it'],
    ['a header without an end', aedat2File([], '#!AER-DAT2.0'), 'corrupt-file', 'has no end'],
    [
      'half an event',
      aedat2File(corner).subarray(0, -3),
      'corrupt-file',
      `cut off in the event at byte ${aedat2Header.length}`,
    ],
  ])('refuses %s', async (_, bytes, code, message) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code,
      path: 'a.aedat',
      message: expect.stringContaining(message),
    });
  });
});

describe('AEDAT 3.1', () => {
  const read = (bytes: Uint8Array, options = {}): Promise<PlainEvent[]> =>
    rowsOf(readAedat3(bytesInMemory('a.aedat', bytes), options));
  const start = aedat3Header.length;
  const wide = packet([[0x1fff + 1 + 5, 7, 1, 3]]);

  test('passes over packets of other things', async () => {
    const bytes = aedat3File([
      packet([], {
        type: 2,
        size: 100,
        number: 3,
        capacity: 3,
        body: new Uint8Array(300).fill(255),
      }),
      packet(three),
      packet([], { type: 0 }),
      packet(three.slice(0, 1)),
    ]);
    expect(await read(bytes)).toEqual([...three, three[0]]);
  });

  test('counts how often its clock has gone round', async () => {
    const bytes = aedat3File([
      packet(three.slice(0, 1)),
      packet(three.slice(0, 1), { overflow: 3 }),
    ]);
    expect((await read(bytes)).map(([, , , time]) => time)).toEqual([10, 3 * 2 ** 31 + 10]);
    expect((await read(bytes, { overflow: 'ignore' })).map(([, , , time]) => time)).toEqual([
      10, 10,
    ]);
  });

  test('leaves out events that are marked as invalid', async () => {
    const bytes = aedat3File([packet(three, { invalid: [0, 2] })]);
    expect(await read(bytes)).toEqual([three[1]]);
    expect(await read(bytes, { invalid: 'keep' })).toEqual(three);
  });

  test('has coordinates of 15 bits, or of 13', async () => {
    expect(await read(aedat3File([wide]), { width: 2 ** 15 })).toEqual([[0x2005, 7, 1, 3]]);
    expect(await read(aedat3File([wide]), { coordinateBits: 13 })).toEqual([[5, 7, 1, 3]]);
  });

  test('may have room for more events than there are, if the caller says where the next packet is', async () => {
    const room = join(new Uint8Array(8 * 4));
    const gap = aedat3File([
      packet(three.slice(0, 2), { capacity: 6 }),
      room,
      packet(three.slice(2)),
    ]);
    const dense = aedat3File([packet(three.slice(0, 2), { capacity: 6 }), packet(three.slice(2))]);
    await expect(read(gap)).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining(`packet at byte ${start}`),
      fix: expect.stringContaining('packetLength'),
    });
    expect(await read(gap, { packetLength: 'capacity' })).toEqual(three);
    expect(await read(dense, { packetLength: 'number' })).toEqual(three);
  });

  test.each([
    [100, 200],
    [0, 1],
    [95, 96],
    [290, 1000],
    [-5, 10],
    [150, 150],
  ])('gives the events from %i to %i and no other', async (from, to) => {
    const times = Array.from({ length: 30 }, (_, index) => index * 10);
    const packets = Array.from({ length: 10 }, (_, index) =>
      packet(times.slice(index * 3, index * 3 + 3).map((time): PlainEvent => [1, 1, 1, time])),
    );
    const wanted = times.filter((time) => time >= from && time < to);
    const between = { between: [from, to] };
    expect((await read(aedat3File(packets), between)).map(([, , , time]) => time)).toEqual(wanted);
    // Packets in disorder are all looked at.
    const mixed = (await read(aedat3File(packets.toReversed()), between)).map(
      ([, , , time]) => time,
    );
    expect(mixed.toSorted((a, b) => a - b)).toEqual(wanted);
  });

  test('reads only the packets that an interval needs', async () => {
    const packets = Array.from({ length: 50 }, (_, index) =>
      packet(Array.from({ length: 2000 }, (__, at): PlainEvent => [1, 1, 1, index * 2000 + at])),
    );
    const bytes = aedat3File(packets);
    const { source, seen } = watchedBytes('a.aedat', bytes);
    const stream = readAedat3(source, { between: [40_000, 42_000] });
    expect((await collectEvents(stream)).x.length).toBe(2000);
    const first = seen.read;
    await collectEvents(stream);
    expect(seen.read - first).toBeLessThan(bytes.length / 20);
    expect(seen.open).toBe(0);
  });

  test.each([
    ['another file', nMnistFile(three), 'corrupt-file', 'no AEDAT file'],
    ['version 2.0', aedat2File([]), 'unsupported', 'readAedat2'],
    [
      'a header without an end',
      aedat3File([], aedat3Header.slice(0, -6)),
      'corrupt-file',
      'no end',
    ],
    [
      'a header without its last line',
      aedat3File([packet(three)], '#!AER-DAT3.1\r\n'),
      'corrupt-file',
      'no end',
    ],
    [
      'half the header of a packet',
      aedat3File([packet(three), packet([]).subarray(0, 20)]),
      'corrupt-file',
      `cut off in the packet at byte ${start + 28 + 24}`,
    ],
    [
      'half a packet',
      aedat3File([packet(three), packet(three).subarray(0, 40)]),
      'corrupt-file',
      `cut off in the packet at byte ${start + 28 + 24}`,
    ],
    [
      'a packet of 2^64 bytes',
      aedat3File([
        packet([], { type: 2, size: 2 ** 32 - 1, number: 2 ** 32 - 1, capacity: 2 ** 32 - 1 }),
      ]),
      'corrupt-file',
      'cut off',
    ],
    [
      'more events than room',
      aedat3File([packet(three, { capacity: 2 })]),
      'corrupt-file',
      'more events than room',
    ],
    [
      'events of another size',
      aedat3File([packet(three, { size: 4 })]),
      'corrupt-file',
      'another layout',
    ],
    [
      'another place for the time',
      aedat3File([packet(three, { timeOffset: 0 })]),
      'corrupt-file',
      'another layout',
    ],
    [
      'an event outside the sensor',
      aedat3File([packet([...three, [128, 0, 0, 5]])]),
      'corrupt-file',
      `the event at byte ${start + 28 + 24} lies outside`,
    ],
    [
      'a time beyond 2^53',
      aedat3File([packet(three, { overflow: 2 ** 32 - 1 })]),
      'corrupt-file',
      `the event at byte ${start + 28} is impossibly large`,
    ],
  ])('refuses %s', async (_, bytes, code, message) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code,
      path: 'a.aedat',
      message: expect.stringContaining(message),
    });
  });
});

describe.each<[Format, Uint8Array]>([
  ['n-mnist', nMnistFile(three)],
  ['aedat2', aedat2File(three)],
  ['aedat3', aedat3File([packet(three), packet(three)])],
])('%s', (format, bytes) => {
  test('gives an error of ours or events, wherever it is cut off or damaged', async () => {
    const random = createRandom(9);
    const attempt = async (damaged: Uint8Array): Promise<void> => {
      const { source, seen } = watchedBytes('x', damaged);
      await collectEvents(readers[format](source)).catch((error: unknown) => {
        if (!isSpikeloomError(error)) throw error;
      });
      expect(seen.open).toBe(0);
    };
    for (let length = 0; length < bytes.length; length++) await attempt(bytes.subarray(0, length));
    for (let round = 0; round < 500; round++) {
      const damaged = Uint8Array.from(bytes);
      damaged[random.below(damaged.length)] = random.below(256);
      await attempt(damaged);
    }
  });

  test('is the same from a blob, and again', async () => {
    const stream = readers[format](blobBytes('x', new Blob([bytes as Uint8Array<ArrayBuffer>])));
    const rows = await rowsOf(readers[format](bytesInMemory('x', bytes)));
    expect(await rowsOf(stream)).toEqual(rows);
    expect(await rowsOf(stream)).toEqual(rows);
  });

  test('lets go of its file when the reader stops early', async () => {
    const { source, seen } = watchedBytes('x', bytes);
    for await (const { x } of readers[format](source).chunks()) if (x.length > 0) break;
    expect(seen.open).toBe(0);
  });
});

test('a long recording is read in small parts', async () => {
  const events = Array.from({ length: 200_000 }, (_, index): PlainEvent => [
    index % 34,
    3,
    1,
    index,
  ]);
  for (const [format, bytes] of [
    ['n-mnist', nMnistFile(events)],
    ['aedat2', aedat2File(events)],
    ['aedat3', aedat3File([packet(events)])],
  ] as const) {
    const { source, seen } = watchedBytes('x', bytes);
    let count = 0;
    for await (const chunk of readers[format](source).chunks()) count += chunk.x.length;
    expect(count).toBe(events.length);
    expect(seen.largest).toBeLessThan(300_000);
  }
});
