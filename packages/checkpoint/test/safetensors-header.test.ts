import { readSafetensors, writeSafetensors } from '@spikeloom/checkpoint';
import { createRandom, isSpikeloomError } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { fileWithHeader } from './hostile-header.ts';

const entry = '"dtype":"F32","data_offsets":[0,4]';
const four = new Uint8Array(4);

describe('a hostile header', () => {
  test.each([
    ['an empty file', new Uint8Array(), 'corrupt-file'],
    ['a length and nothing else', fileWithHeader(''), 'corrupt-file'],
    ['a length of 2^64 - 1', Uint8Array.from({ length: 64 }, () => 255), 'too-large'],
    [
      'a length one byte beyond the file',
      Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d),
      'corrupt-file',
    ],
    ['a number', fileWithHeader('12'), 'corrupt-file'],
    ['null', fileWithHeader('null'), 'corrupt-file'],
    ['a byte order mark', fileWithHeader('\ufeff{}'), 'corrupt-file'],
    ['text after the object', fileWithHeader('{}x'), 'corrupt-file'],
    ['a tensor that is a list', fileWithHeader('{"a":[]}'), 'corrupt-file'],
    ['a tensor that is null', fileWithHeader('{"a":null}'), 'corrupt-file'],
    ['metadata that is a list', fileWithHeader('{"__metadata__":[]}'), 'corrupt-file'],
    ['metadata that is nested', fileWithHeader('{"__metadata__":{"a":{}}}'), 'corrupt-file'],
    [
      'an unknown field',
      fileWithHeader(`{"a":{${entry},"shape":[1],"x":1}}`, four),
      'corrupt-file',
    ],
    ['a shape of words', fileWithHeader(`{"a":{${entry},"shape":["1"]}}`, four), 'corrupt-file'],
    [
      'a shape that is a number',
      fileWithHeader(`{"a":{${entry},"shape":1}}`, four),
      'corrupt-file',
    ],
    [
      'an element count of 2^53 + 1, which a double rounds',
      fileWithHeader('{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,0]}}'),
      'corrupt-file',
    ],
    [
      'an element count that is 0 modulo 2^64',
      fileWithHeader('{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
      'corrupt-file',
    ],
    [
      'three offsets',
      fileWithHeader('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', four),
      'corrupt-file',
    ],
    [
      'two tensors over the same bytes',
      fileWithHeader(`{"a":{${entry},"shape":[1]},"b":{${entry},"shape":[1]}}`, four),
      'corrupt-file',
    ],
    [
      'equal names in different spelling',
      fileWithHeader(
        '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      ),
      'corrupt-file',
    ],
  ] as const)('with %s is refused', (_, bytes, code) => {
    expect(() => readSafetensors(bytes)).toThrow(
      expect.objectContaining({ name: 'SpikeloomError', code }),
    );
  });

  // Each of these would take minutes, or the stack, if it were worked through instead of refused.
  test.each([
    ['a million levels of lists', `{"a":${'['.repeat(1e6)}`],
    ['a million levels that close', `{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`],
    [
      'a shape of three hundred thousand large sizes',
      `{"a":{${entry},"shape":[${'9007199254740991,'.repeat(3e5)}1]}}`,
    ],
    ['a name of twenty million letters', `{"${'a'.repeat(2e7)}":1}`],
    ['a name of ten million quotes', `{"${String.raw`\"`.repeat(1e7)}":1}`],
  ])('with %s is refused at once', (_, header) => {
    expect(() => readSafetensors(fileWithHeader(header, four))).toThrow(
      expect.objectContaining({ name: 'SpikeloomError', code: 'corrupt-file' }),
    );
  });

  test('never gives anything but a file or a Spikeloom error, whatever bytes change', () => {
    const random = createRandom(11);
    const sound = writeSafetensors({
      tensors: new Map([
        ['layer.weight', { dtype: 'F32', shape: [2, 3], bytes: new Uint8Array(24) }],
        ['layer.bias', { dtype: 'I64', shape: [2], bytes: new Uint8Array(16) }],
      ]),
      metadata: new Map([['format', 'pt']]),
    });
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 5000; round++) {
      const bytes = mutate(sound, random);
      try {
        const { tensors } = readSafetensors(bytes);
        for (const { bytes: part } of tensors.values()) {
          expect(part.length).toBeLessThanOrEqual(bytes.length);
        }
        outcomes.read += 1;
      } catch (error) {
        if (!isSpikeloomError(error)) throw error;
        outcomes.refused += 1;
      }
    }
    expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(50);
  });
});

test('a name with a million quotes and backslashes is read', () => {
  const name = String.raw`"\\"`.repeat(250_000);
  const tensors = new Map([[name, { dtype: 'U8', shape: [0], bytes: new Uint8Array() } as const]]);
  const again = readSafetensors(writeSafetensors({ tensors, metadata: new Map() }));
  expect([...again.tensors.keys()]).toEqual([name]);
});

/** Changes some bytes, or cuts some out, or puts some in. */
function mutate(bytes: Uint8Array, random: ReturnType<typeof createRandom>): Uint8Array {
  const changed = [...bytes];
  for (let change = random.below(3); change >= 0; change--) {
    const at = random.below(changed.length);
    const kind = random.below(4);
    if (kind === 0) changed[at] = random.below(256);
    else if (kind === 1) changed[at]! ^= 1 << random.below(8);
    else if (kind === 2) changed.splice(at, random.below(8));
    else changed.splice(at, 0, ...Array.from({ length: random.below(8) }, () => random.below(256)));
  }
  return Uint8Array.from(changed);
}
