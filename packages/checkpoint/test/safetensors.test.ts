import { readdirSync, readFileSync } from 'node:fs';
import { readSafetensors, type StoredTensor, writeSafetensors } from '@spikeloom/checkpoint';
import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';

interface Verdict {
  readonly file: string;
  /** `accept`, `reject`, or what the reference does where it is laxer than the format. */
  readonly reference: string;
  readonly why: string;
}

const folder = new URL('golden/safetensors/', import.meta.url);
const verdicts = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as Verdict[];
const contentOf = (file: string): Uint8Array => readFileSync(new URL(file, folder));
const accepted = verdicts.filter(({ reference }) => reference === 'accept');
const refused = verdicts.filter(({ reference }) => reference !== 'accept');

describe('the files of the format', () => {
  test('each have a verdict', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
    expect(verdicts.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
    expect([accepted.length, refused.length]).toEqual([23, 24]);
  });

  test.each(accepted)('$file is read ($why)', ({ file }) => {
    const bytes = contentOf(file);
    const { tensors } = readSafetensors(bytes);
    const header = JSON.parse(
      new TextDecoder().decode(bytes.subarray(8, 8 + Number(lengthOf(bytes)))),
    ) as object;
    const names = Object.keys(header).filter((name) => name !== '__metadata__');
    expect([...tensors.keys()].toSorted()).toEqual(names.toSorted());
  });

  // Stricter than the reference where that is laxer than the text of the format.
  test.each(refused)('$file is refused ($why)', ({ file }) => {
    expect(() => readSafetensors(contentOf(file))).toThrow(
      expect.objectContaining({
        name: 'SpikeloomError',
        code: file.includes('huge') || file.includes('plus1') ? 'too-large' : 'corrupt-file',
      }),
    );
  });

  test.each(accepted)('$file is the same after writing and reading', ({ file }) => {
    const original = readSafetensors(contentOf(file));
    const written = writeSafetensors(original);
    const again = readSafetensors(written);
    expect(again.metadata).toEqual(original.metadata);
    expect(byName(again.tensors)).toEqual(byName(original.tensors));
    expect(writeSafetensors(again)).toEqual(written);
  });
});

describe('writing', () => {
  const float = (...numbers: number[]): StoredTensor => ({
    dtype: 'F32',
    shape: [numbers.length],
    bytes: new Uint8Array(Float32Array.from(numbers).buffer),
  });

  test('gives the same bytes whatever the order of the tensors', () => {
    const a = {
      tensors: new Map([
        ['a', float(1)],
        ['b', float(2, 3)],
      ]),
      metadata: new Map(),
    };
    const b = {
      tensors: new Map([
        ['b', float(2, 3)],
        ['a', float(1)],
      ]),
      metadata: new Map(),
    };
    expect(writeSafetensors(a)).toEqual(writeSafetensors(b));
  });

  test('keeps names that mean something else to JavaScript', () => {
    const names = ['__proto__', 'constructor', '1', '01', 'a"b\\c\n', '\u{1F600}', ''];
    const tensors = new Map(names.map((name, index) => [name, float(index)]));
    const metadata = new Map([
      ['__proto__', 'x'],
      ['10', 'y'],
      ['9', 'z'],
    ]);
    const again = readSafetensors(writeSafetensors({ tensors, metadata }));
    expect(byName(again.tensors)).toEqual(byName(tensors));
    expect([...again.metadata].toSorted()).toEqual([...metadata].toSorted());
  });

  test('begins the data at a multiple of eight bytes', () => {
    for (let length = 0; length < 20; length++) {
      const tensors = new Map([['x'.repeat(length), float(1)]]);
      const bytes = writeSafetensors({ tensors, metadata: new Map() });
      expect(Number(lengthOf(bytes)) % 8).toBe(0);
      expect(readSafetensors(bytes).tensors.size).toBe(1);
    }
  });

  test.each([
    ['a tensor called __metadata__', '__metadata__', float(1)],
    ['too few bytes for the shape', 'x', { ...float(1), shape: [2] }],
    ['too many bytes for the shape', 'x', { ...float(1, 2), shape: [1] }],
  ])('refuses %s', (_, name, tensor) => {
    const file = { tensors: new Map([[name, tensor]]), metadata: new Map<string, string>() };
    expect(() => writeSafetensors(file)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', path: name }),
    );
  });

  test('and reading are each other’s inverse for random files', () => {
    const random = createRandom(5);
    for (let round = 0; round < 100; round++) {
      const tensors = new Map(
        Array.from({ length: random.below(6) }, () => {
          const name = Array.from({ length: random.below(8) }, () =>
            String.fromCharCode(random.below(0xd800)),
          ).join('');
          const shape = Array.from({ length: random.below(4) }, () => random.below(4));
          const size = shape.reduce((product, dim) => product * dim, 1);
          const [dtype, width] = (
            [
              ['U8', 1],
              ['F16', 2],
              ['F32', 4],
              ['I64', 8],
            ] as const
          )[random.below(4)]!;
          const bytes = Uint8Array.from({ length: size * width }, () => random.below(256));
          return [name, { dtype, shape, bytes }] as const;
        }),
      );
      const written = writeSafetensors({ tensors, metadata: new Map() });
      expect(byName(readSafetensors(written).tensors)).toEqual(byName(tensors));
    }
  });
});

test('tensors are views into the bytes that were given', () => {
  const bytes = contentOf('ok_one.safetensors');
  const [tensor] = readSafetensors(bytes).tensors.values();
  expect(tensor!.bytes.buffer).toBe(bytes.buffer);
});

function byName(tensors: ReadonlyMap<string, StoredTensor>): unknown[] {
  return [...tensors]
    .map(([name, { dtype, shape, bytes }]) => [name, dtype, shape, [...bytes]])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

function lengthOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}
