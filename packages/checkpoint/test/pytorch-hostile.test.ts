import { readPyTorch, tensorsOf } from '@spikeloom/checkpoint';
import { createRandom, isSpikeloomError } from '@spikeloom/ir';
import { deflateSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import {
  checkpoint,
  checkpointOf,
  dict,
  int,
  little,
  name,
  pickle,
  type PickleParts,
  tensor,
  text,
  tuple,
  whole,
} from './pickle-bytes.ts';
import { zipFile } from './zip-file.ts';

const sound = whole(dict({ w: tensor() }));
const data = { data: sound };

/** The error of a call, which must be one of ours. */
function errorOf(read: () => unknown): { code: string; message: string } {
  try {
    read();
  } catch (error) {
    if (isSpikeloomError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: 'was read' };
}

test('the checkpoint that the hostile ones are made from is sound', () => {
  const { tensors } = readPyTorch(checkpoint(sound));
  expect(tensorsOf({ tensors, metadata: new Map() })).toEqual(
    new Map([['w', { shape: [2], dtype: 'float32', data: Float32Array.of(1.5, -2) }]]),
  );
});

describe('a zip archive is read', () => {
  test.each([
    ['with a comment', checkpoint(sound, {}, { comment: 'PK\x05\x06 of somebody' })],
    ['with a ZIP64 end record', checkpoint(sound, {}, { zip64: {} })],
    ['with ZIP64 sizes', checkpoint(sound, { 'archive/data/0': { wide: true, data: 'abcdefgh' } })],
    ['with padding before the data', checkpoint(sound, { 'archive/extra': { localExtra: 50 } })],
    [
      'with a deflated pickle',
      checkpoint(sound, { 'archive/data.pkl': { ...data, deflate: true } }),
    ],
    ['with folders', checkpoint(sound, { 'archive/': {}, 'archive/data/': {} })],
    ['with names that mean something to JavaScript', checkpoint(sound, { __proto__: data })],
  ])('%s', (_, bytes) => {
    expect([...readPyTorch(bytes).tensors.keys()]).toEqual(['w']);
  });
});

describe('a zip archive is refused', () => {
  const file = { data: 'abcdefgh' };
  const zeros = deflateSync(new Uint8Array(2 ** 24));
  test.each([
    ['that is empty', new Uint8Array(), 'corrupt-file', 'no PyTorch checkpoint'],
    ['with nothing in it', zipFile([]), 'corrupt-file', 'no PyTorch checkpoint'],
    ['without a pickle', zipFile([['archive/version', file]]), 'unsupported', 'data.pkl'],
    ['with a pickle at its root', zipFile([['data.pkl', data]]), 'unsupported', 'data.pkl'],
    ['with two pickles', checkpoint(sound, { 'b/data.pkl': data }), 'unsupported', 'data.pkl'],
    [
      'of TorchScript',
      checkpoint(sound, { 'archive/constants.pkl': data }),
      'unsupported',
      'TorchScript',
    ],
    [
      'of big-endian numbers',
      checkpoint(sound, { 'archive/byteorder': { data: 'big' } }),
      'unsupported',
      'little-endian',
    ],
    [
      'with a wrong checksum',
      checkpoint(sound, { 'archive/data/0': { ...file, crc32: 1 } }),
      'corrupt-file',
      'checksum',
    ],
    [
      'with a wrong checksum of the pickle',
      checkpoint(sound, { 'archive/data.pkl': { ...data, crc32: 1 } }),
      'corrupt-file',
      'checksum',
    ],
    [
      'that is encrypted',
      checkpoint(sound, { 'archive/data/0': { ...file, flags: 1 } }),
      'unsupported',
      'encrypted',
    ],
    [
      'packed by another method',
      checkpoint(sound, { 'archive/data/0': { ...file, method: 12 } }),
      'unsupported',
      'method 0',
    ],
    ['in several parts', checkpoint(sound, {}, { disk: 1 }), 'unsupported', 'several parts'],
    [
      'with more files than its directory holds',
      checkpoint(sound, {}, { count: 60000 }),
      'corrupt-file',
      'directory',
    ],
    [
      'with one file more than its directory holds',
      checkpoint(sound, {}, { count: 4 }),
      'corrupt-file',
      'directory',
    ],
    [
      'with its directory beyond the end',
      checkpoint(sound, {}, { directoryAt: 2 ** 31 }),
      'corrupt-file',
      'directory',
    ],
    [
      'with its ZIP64 record beyond the end',
      checkpoint(sound, {}, { zip64: { at: 2n ** 40n } }),
      'corrupt-file',
      'ZIP64',
    ],
    [
      'with a ZIP64 record beyond 2^53',
      checkpoint(sound, {}, { zip64: { at: 2n ** 63n } }),
      'corrupt-file',
      'impossibly large',
    ],
    [
      'with 2^40 files',
      checkpoint(sound, {}, { zip64: { count: 2n ** 40n } }),
      'corrupt-file',
      'directory',
    ],
    [
      'with its ZIP64 directory elsewhere',
      checkpoint(sound, {}, { zip64: { start: 0n } }),
      'corrupt-file',
      'directory',
    ],
    [
      'with a header elsewhere',
      checkpoint(sound, { 'archive/data/0': { ...file, header: 7 } }),
      'corrupt-file',
      'disagree',
    ],
    [
      'with a header beyond the end',
      checkpoint(sound, { 'archive/data/0': { ...file, header: 2 ** 31 } }),
      'corrupt-file',
      'disagree',
    ],
    [
      'with another name in the header',
      checkpoint(sound, { 'archive/data/0': { ...file, localName: 'archive/data/1' } }),
      'corrupt-file',
      'disagree',
    ],
    [
      'with two names for the same bytes',
      checkpoint(sound, {
        'archive/data/0': { ...file, localName: 'archive/data.pkl', header: 0 },
      }),
      'corrupt-file',
      'disagree',
    ],
    [
      'with two files of one name',
      zipFile([
        ['archive/data.pkl', data],
        ['archive/data.pkl', data],
      ]),
      'corrupt-file',
      'share a name',
    ],
    [
      'with a way out of its folder',
      checkpoint(sound, { '../../etc/passwd': file }),
      'corrupt-file',
      'leaves its folder',
    ],
    [
      'with an absolute name',
      checkpoint(sound, { '/etc/passwd': file }),
      'corrupt-file',
      'leaves its folder',
    ],
    [
      'with a name of Windows',
      checkpoint(sound, { 'c:evil': file }),
      'corrupt-file',
      'leaves its folder',
    ],
    [
      'with a backslash',
      checkpoint(sound, { 'archive\\evil': file }),
      'corrupt-file',
      'leaves its folder',
    ],
    [
      'with a zero in a name',
      checkpoint(sound, { 'archive/data/0\0.png': file }),
      'corrupt-file',
      'leaves its folder',
    ],
    [
      'with damaged packed data',
      checkpoint(sound, { 'archive/data/0': { ...file, method: 8 } }),
      'corrupt-file',
      'damaged',
    ],
    [
      'that unpacks to more than it says',
      checkpoint(sound, { 'archive/data/0': { packed: zeros, method: 8, size: 8 } }),
      'corrupt-file',
      'another size',
    ],
    [
      'that unpacks to less than it says',
      checkpointOf(
        { length: 5 },
        { 'archive/data/0': { packed: deflateSync(new Uint8Array(16)), method: 8, size: 20 } },
      ),
      'corrupt-file',
      'another size',
    ],
    [
      'that says it unpacks to 4 GB',
      checkpointOf(
        { length: 2 ** 30 - 1 },
        { 'archive/data/0': { packed: zeros, method: 8, size: 2 ** 32 - 4 } },
      ),
      'corrupt-file',
      'more than is possible',
    ],
    [
      'whose pickle says it unpacks to 4 GB',
      checkpoint(sound, {
        'archive/data.pkl': { packed: deflateSync(sound), method: 8, size: 2 ** 32 - 4 },
      }),
      'corrupt-file',
      'more than is possible',
    ],
    [
      'stored with another size',
      checkpoint(sound, { 'archive/data/0': { ...file, size: 9 } }),
      'corrupt-file',
      'does not fit',
    ],
  ])('%s', (_, bytes, code, message) => {
    expect(errorOf(() => readPyTorch(bytes))).toEqual({
      code,
      message: expect.stringContaining(message),
    });
  });

  test('whose files overlap, as in bombs that need no deep packing', () => {
    // The second header lies in the data of the first file, byte for byte a good one.
    const inner = zipFile([['archive/data/1', file]]);
    const outer = zipFile([
      ['archive/data/0', { data: inner }],
      ['archive/data/1', { ...file, header: 30 + 'archive/data/0'.length }],
      ['archive/data.pkl', data],
    ]);
    expect(errorOf(() => readPyTorch(outer))).toEqual({
      code: 'corrupt-file',
      message: expect.stringContaining('overlap'),
    });
  });

  test('that is a bomb, before it has gone off', () => {
    // 16 MB in 16 kB: allowed by the ratio of deflate, not by the caller.
    const bomb = checkpointOf(
      { length: 2 ** 22, shape: [2 ** 22] },
      { 'archive/data/0': { data: new Uint8Array(2 ** 24), deflate: true } },
    );
    expect(bomb.length).toBeLessThan(20_000);
    expect(errorOf(() => readPyTorch(bomb, { maxBytes: 2 ** 20 })).code).toBe('too-large');
    expect(readPyTorch(bomb, { maxBytes: 2 ** 25 }).tensors.get('w')!.shape).toEqual([2 ** 22]);
  });

  test('by checksum only where checksums are compared', () => {
    const bytes = checkpoint(sound, { 'archive/data/0': { data: 'abcdefgh', crc32: 1 } });
    expect(readPyTorch(bytes, { checksums: false }).tensors.size).toBe(1);
  });
});

describe('a pickle is refused', () => {
  const read = (...parts: PickleParts) => errorOf(() => readPyTorch(checkpoint(whole(...parts))));
  test.each([
    [
      'that runs a command',
      [name('os', 'system'), tuple(text('ls')), 'R'],
      'unsupported',
      'byte 2 (GLOBAL): the checkpoint mentions "os.system"',
    ],
    [
      'that evaluates text',
      [name('builtins', 'eval'), tuple(text('1')), 'R'],
      'unsupported',
      '"builtins.eval"',
    ],
    [
      'that imports by the stack',
      [text('os'), text('system'), 0x93],
      'unsupported',
      '(STACK_GLOBAL): the checkpoint mentions "os.system"',
    ],
    [
      'that names what every object has',
      [name('constructor', 'constructor')],
      'unsupported',
      '"constructor.constructor"',
    ],
    ['that names a prototype', [name('__proto__', 'x')], 'unsupported', '"__proto__.x"'],
    ['with an old-style class', ['(ios\nsystem\n'], 'corrupt-file', '0x69 ("i")'],
    ['with an extension', [0x82, 1], 'corrupt-file', '0x82'],
    ['with a persistent id in text', ['Pstorage\n'], 'corrupt-file', '0x50 ("P")'],
    [
      'with a byte that is no instruction',
      [0xff],
      'corrupt-file',
      'byte 2: the pickle has an instruction',
    ],
    ['of another protocol', [0x80, 9], 'unsupported', 'protocol'],
    ['that takes from an empty stack', ['0'], 'corrupt-file', '(POP): the pickle takes a value'],
    ['that takes through a mark', ['N(0'], 'corrupt-file', '(POP): the pickle takes a value'],
    ['that stops with nothing', [], 'corrupt-file', 'takes a value'],
    ['that ends a group it never began', ['t'], 'corrupt-file', 'never began'],
    ['that recalls what it never remembered', ['h', 7], 'corrupt-file', 'never remembered'],
    ['that remembers nothing', ['q', 0], 'corrupt-file', 'takes a value'],
    ['with a text longer than the file', ['X', little(2 ** 32 - 1, 4)], 'corrupt-file', 'cut off'],
    ['with a text of 2^64 bytes', [0x8d, little(2n ** 64n - 1n, 8)], 'corrupt-file', 'cut off'],
    ['with bytes longer than the file', ['B', little(2 ** 31, 4)], 'corrupt-file', 'cut off'],
    ['with text that is not UTF-8', ['X', little(1, 4), 0xff], 'corrupt-file', 'UTF-8'],
    ['with a global without an end', ['cos'], 'corrupt-file', 'cut off'],
    ['that calls data', [text('x'), ')R'], 'corrupt-file', 'calls what cannot be called'],
    [
      'that calls a mark',
      [name('torch', 'FloatStorage'), ')R'],
      'corrupt-file',
      'torch.FloatStorage',
    ],
    [
      'that calls with no tuple',
      [name('collections', 'OrderedDict'), 'NR'],
      'corrupt-file',
      'tuple',
    ],
    ['that sets attributes of a text', [text('x'), '}b'], 'corrupt-file', 'attributes'],
    ['that sets attributes of a tensor', [tensor(), '}b'], 'corrupt-file', 'attributes'],
    ['that adds entries to a list', [']', 'NNs'], 'corrupt-file', 'no dict'],
    ['that adds items to a dict', ['}', 'Na'], 'corrupt-file', 'no list'],
    ['with a key without a value', ['}(Nu'], 'corrupt-file', 'no value'],
    [
      'with a dict of no pairs',
      [name('collections', 'OrderedDict'), tuple(pickle(']', ')a')), 'R'],
      'corrupt-file',
      'pairs',
    ],
    [
      'with another persistent id',
      [tuple(text('module'), text('x')), 'Q'],
      'unsupported',
      'no storage',
    ],
    ['with a persistent id that is a text', [text('storage'), 'Q'], 'corrupt-file', 'tuple'],
    ['with a storage of no class', [tensor({ storage: 'N' })], 'corrupt-file', 'no class'],
    [
      'with a storage of a class that is none',
      [tensor({ storage: name('torch', 'Size') })],
      'corrupt-file',
      'no class',
    ],
    ['with a storage of a list as key', [tensor({ key: pickle(']') })], 'corrupt-file', 'no key'],
    [
      'with a tensor that is no tensor',
      [name('torch._utils', '_rebuild_parameter'), tuple('N'), 'R'],
      'corrupt-file',
      'parameter',
    ],
    ['without tensors', [dict({ a: int(1) })], 'not-found', 'holds no dict of tensors'],
    ['that is a tensor', [tensor()], 'not-found', 'holds no dict of tensors'],
    [
      'with bytes in another encoding',
      [name('_codecs', 'encode'), tuple(text('x'), text('utf7')), 'R'],
      'corrupt-file',
      'latin1',
    ],
  ])('%s', (_, parts, code, message) => {
    expect(read(...parts)).toEqual({ code, message: expect.stringContaining(message) });
  });

  test('with more instructions than are read, in bounded memory', () => {
    const many = whole(new Uint8Array(2 ** 22).fill(0x7d));
    expect(errorOf(() => readPyTorch(checkpoint(many)))).toMatchObject({ code: 'too-large' });
  });

  test('when it is cut off at any byte', () => {
    for (let length = 0; length < sound.length; length++) {
      const { code } = errorOf(() => readPyTorch(checkpoint(sound.subarray(0, length))));
      expect(code, `${length} bytes`).toBe('corrupt-file');
    }
  });
});

describe('a tensor is refused', () => {
  test.each([
    ['that reaches beyond its storage', { shape: [3] }, 'corrupt-file', 'beyond its storage'],
    ['that starts beyond it', { offset: int(2), shape: [1] }, 'corrupt-file', 'beyond its storage'],
    [
      'whose offset alone is 2^53',
      { offset: int(2 ** 53), shape: [1] },
      'corrupt-file',
      'storage offset',
    ],
    ['whose strides lead beyond it', { strides: [2] }, 'corrupt-file', 'beyond its storage'],
    [
      'whose strides overflow',
      { shape: [3, 3], strides: [2 ** 52, 2 ** 52] },
      'corrupt-file',
      'beyond its storage',
    ],
    ['with a negative size', { shape: [-1] }, 'corrupt-file', 'shape'],
    ['with a negative stride', { strides: [-1] }, 'corrupt-file', 'strides'],
    ['with a negative offset', { offset: int(-1) }, 'corrupt-file', 'storage offset'],
    [
      'with half an offset',
      { offset: pickle('G', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0) },
      'corrupt-file',
      'storage offset',
    ],
    ['with fewer strides than sizes', { shape: [1, 2] }, 'corrupt-file', '2 sizes, 1 strides'],
    [
      'of 65 axes',
      { shape: Array.from({ length: 65 }, () => 1), strides: Array.from({ length: 65 }, () => 1) },
      'corrupt-file',
      '65 sizes',
    ],
    [
      'of 2^66 elements over one',
      { shape: [2 ** 33, 2 ** 33], strides: [0, 0] },
      'corrupt-file',
      'impossibly large',
    ],
    ['of 64 GB over one element', { shape: [2 ** 34], strides: [0] }, 'too-large', 'more memory'],
    [
      'whose storage is longer in the pickle',
      { length: 3 },
      'corrupt-file',
      'as long as the pickle says',
    ],
    [
      'whose storage has 2^60 bytes in the pickle',
      { length: 2 ** 52 },
      'corrupt-file',
      'as long as the pickle says',
    ],
    ['whose storage is not there', { key: text('1') }, 'corrupt-file', 'archive/data/1'],
    [
      'whose storage is elsewhere',
      { key: text('../data.pkl') },
      'corrupt-file',
      'archive/data/../data.pkl',
    ],
    [
      'that is conjugated',
      { rest: [0x89, '}', '}', text('conj'), 0x88, 's'] },
      'unsupported',
      'conj bit',
    ],
    [
      'of untyped bytes',
      { storage: name('torch.storage', 'UntypedStorage') },
      'corrupt-file',
      'no dtype',
    ],
  ])('%s', (_, parts, code, message) => {
    const error = errorOf(() => readPyTorch(checkpointOf(parts)));
    expect(error).toEqual({ code, message: expect.stringContaining(message) });
  });
});

describe('without end or measure', () => {
  const nested = (depth: number): Uint8Array =>
    pickle(
      'N',
      Uint8Array.from({ length: depth }, () => 0x85),
    );

  test('nesting does not reach the stack', () => {
    const bytes = checkpoint(whole(dict({ w: tensor(), deep: nested(1_000_000) })));
    expect(readPyTorch(bytes)).toMatchObject({ ignored: ['deep'] });
  });

  test('containers that hold themselves are not followed', () => {
    // d = {'state_dict': d, 'w': tensor}
    const itself = whole('}', 'q', 0, text('state_dict'), 'h', 0, 's', text('w'), tensor(), 's');
    const { foundAt, tensors, ignored } = readPyTorch(checkpoint(itself));
    expect([foundAt, [...tensors.keys()], ignored]).toEqual([
      ['state_dict'],
      ['w'],
      ['state_dict'],
    ]);
  });

  test('sharing that doubles at every level is not written out', () => {
    const doubled = pickle(')', ...Array.from({ length: 200 }, () => pickle('2', 0x86)));
    const bytes = checkpoint(whole(dict({ w: tensor(), laughs: doubled })));
    expect(readPyTorch(bytes).ignored).toEqual(['laughs']);
  });

  test('the memo may begin at its largest number', () => {
    const bytes = checkpoint(
      whole(dict({ w: tensor() }), 'r', little(2 ** 32 - 1, 4), '0j', little(2 ** 32 - 1, 4)),
    );
    expect(readPyTorch(bytes).tensors.size).toBe(1);
  });
});

describe('damage anywhere', () => {
  const more = { 'archive/data/0': { data: new Uint8Array(8), deflate: true } };
  const bytes = checkpoint(sound, more, { zip64: {}, comment: 'end' });

  test('by cutting is an error of ours', () => {
    for (let length = 0; length < bytes.length; length++) {
      const { code } = errorOf(() => readPyTorch(bytes.subarray(0, length)));
      expect(code, `${length} bytes`).toBe('corrupt-file');
    }
  });

  test('by one other byte is an error of ours, or changes nothing', () => {
    const intact = readPyTorch(bytes);
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x80, 0xff]) {
        const damaged = Uint8Array.from(bytes);
        damaged[at]! ^= mask;
        let found: unknown = intact;
        errorOf(() => (found = readPyTorch(damaged)));
        expect(found, `byte ${at}`).toEqual(intact);
      }
    }
  });

  test('by many bytes without checksums is an error of ours', () => {
    const random = createRandom(11);
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      const damaged = Uint8Array.from(sound);
      for (let count = 0; count < 1 + random.below(6); count++) {
        damaged[random.below(damaged.length)] = random.below(256);
      }
      if (errorOf(() => readPyTorch(checkpoint(damaged))).code !== 'none') refused += 1;
    }
    expect(refused).toBeGreaterThan(500);
  });
});
