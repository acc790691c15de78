import { crc32 as zlibCrc32 } from 'node:zlib';
import { readCheckpoint, readPyTorch, type StateDict } from '@spikeloom/checkpoint';
import { createRandom } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../src/pytorch/crc32.ts';
import {
  checkpoint,
  checkpointOf,
  dict,
  int,
  name,
  pickle,
  tensor,
  text,
  tuple,
  whole,
} from './pickle-bytes.ts';

const untyped = name('torch.storage', 'UntypedStorage');
const v3 = '_rebuild_tensor_v3';
const w = tensor();

describe('the layout of PyTorch 2', () => {
  test('has more files beside the pickle', () => {
    const bytes = checkpoint(whole(dict({ w })), {
      'archive/.format_version': { data: '1' },
      'archive/.storage_alignment': { data: '64' },
      'archive/byteorder': { data: 'little' },
      'archive/.data/serialization_id': { data: '0636457737946401051300000000000000000000' },
    });
    expect([...readPyTorch(bytes).tensors.keys()]).toEqual(['w']);
  });

  test.each([
    ['uint16', 'U16', 4],
    ['uint32', 'U32', 2],
    ['uint64', 'U64', 1],
    ['float8_e4m3fn', 'F8_E4M3', 8],
    ['float8_e5m2', 'F8_E5M2', 8],
  ])('has untyped storages for %s', (dtype, stored, count) => {
    const rest = [0x89, '}', name('torch', dtype)];
    const parts = { storage: untyped, length: 8, rebuild: v3, rest, shape: [count] };
    const found = readPyTorch(checkpointOf(parts)).tensors.get('w')!;
    expect([found.dtype, found.shape, found.bytes.length]).toEqual([stored, [count], 8]);
    expect(() => readPyTorch(checkpointOf({ ...parts, shape: [count + 1] }))).toThrow(
      /beyond its storage/,
    );
  });

  test.each([
    ['parameters with a state', '_rebuild_parameter_with_state', [0x88, '}', dict({ note: 'N' })]],
    ['parameters', '_rebuild_parameter', [0x88, '}']],
  ])('has %s', (_, rebuild, rest) => {
    const parameter = pickle(name('torch._utils', rebuild), tuple(w, ...rest), 'R');
    expect(readPyTorch(checkpoint(whole(dict({ w: parameter })))).tensors.size).toBe(1);
  });

  test('has tensors with attributes', () => {
    const args = tuple(
      tuple(text('storage'), name('torch', 'FloatStorage'), text('0'), text('cpu'), int(2)),
      'Q',
      int(1),
      tuple(int(1)),
      tuple(int(1)),
      0x89,
      '}',
    );
    const marked = pickle(
      name('torch._tensor', '_rebuild_from_type_v2'),
      tuple(
        name('torch._utils', '_rebuild_tensor_v2'),
        name('torch', 'Tensor'),
        args,
        dict({ note: text('x') }),
      ),
      'R',
    );
    const found = readPyTorch(checkpoint(whole(dict({ marked })))).tensors.get('marked')!;
    expect(new Float32Array(found.bytes.slice().buffer)).toEqual(Float32Array.of(-2));
  });
});

describe('the weights are found', () => {
  const open = (
    entries: Parameters<typeof dict>[0],
    options: Parameters<typeof readPyTorch>[1] = {},
  ): Pick<StateDict, 'foundAt' | 'ignored'> & { names: readonly string[] } => {
    const { tensors, foundAt, ignored } = readPyTorch(checkpoint(whole(dict(entries))), options);
    return { names: [...tensors.keys()], foundAt, ignored };
  };
  const weights = dict({ a: w, b: w });
  const optimiser = dict({ state: dict({ m: w }), lr: int(1) });

  test.each([
    ['at the root', { a: w, step: int(3) }, [], ['a'], ['step']],
    ['under model', { model: weights, optimizer: optimiser }, ['model'], ['a', 'b'], []],
    ['under state_dict', { state_dict: weights, best: w }, ['state_dict'], ['a', 'b'], []],
    [
      'under a usual key rather than another',
      { ema: weights, net: weights },
      ['net'],
      ['a', 'b'],
      [],
    ],
    ['under the only key', { epoch: int(1), ema: weights }, ['ema'], ['a', 'b'], []],
    ['at the root rather than under an unusual key', { a: w, ema: weights }, [], ['a'], ['ema']],
  ])('%s', (_, entries, foundAt, names, ignored) => {
    expect(open(entries)).toEqual({ foundAt, names, ignored });
  });

  test('where the caller says, at any depth', () => {
    const entries = { model: weights, old: dict({ ema: dict({ c: w }) }) };
    expect(open(entries, { at: ['old', 'ema'] })).toMatchObject({ names: ['c'] });
    expect(open(entries, { at: 'model' })).toMatchObject({ names: ['a', 'b'] });
  });

  test.each([
    [
      'two usual keys',
      { model: weights, state_dict: weights },
      {},
      'invalid-argument',
      'model, state_dict; choose one: { at: "model" }',
    ],
    [
      'two other keys',
      { encoder: weights, decoder: weights },
      {},
      'invalid-argument',
      'encoder, decoder',
    ],
    [
      'no tensors near the root',
      { a: dict({ b: dict({ c: w }) }) },
      {},
      'not-found',
      'got a; name the keys',
    ],
    [
      'a key that is not there',
      { model: weights },
      { at: ['model', 'x'] },
      'not-found',
      'model > x: the checkpoint has no such key, expected a, b',
    ],
    [
      'a key without tensors',
      { model: weights, epoch: int(1) },
      { at: 'epoch' },
      'not-found',
      'no dict of tensors',
    ],
  ])('not with %s', (_, entries, options, code, message) => {
    expect(() => open(entries, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('under names without a prefix, unless two become one', () => {
    const entries = { 'module.a': w, 'module.module.b': w, c: w };
    expect(open(entries, { stripPrefix: 'module.' })).toMatchObject({
      names: ['a', 'module.b', 'c'],
    });
    expect(() => open({ 'module.a': w, a: w }, { stripPrefix: 'module.' })).toThrow(
      expect.objectContaining({ code: 'already-exists', path: 'a' }),
    );
  });

  test('whatever they are called', () => {
    const names = ['__proto__', '', '1', 'a.b', '\u{1F600}'];
    const entries = Object.fromEntries(names.map((key) => [key, w]));
    expect(open(entries).names.toSorted()).toEqual(names.toSorted());
  });

  test('and nothing else is unpacked or copied', () => {
    const bytes = checkpoint(
      whole(
        dict({
          model: weights,
          // 2 TB, if anybody looked.
          optimizer: dict({ m: tensor({ shape: [2 ** 39], strides: [0] }) }),
          buffer: tensor({ key: text('missing') }),
        }),
      ),
    );
    expect(readPyTorch(bytes, { maxBytes: 0 }).tensors.size).toBe(2);
  });
});

test('names that the caller lets pass leave nothing behind', () => {
  const namespace = pickle(name('argparse', 'Namespace'), ')', 0x81, dict({ lr: int(1), w }), 'b');
  const list = pickle(name('mine', 'List'), ')R', '(', w, 'e', w, 'a', text('k'), w, 's');
  const bytes = checkpoint(whole(dict({ model: dict({ w }), args: namespace, list })));
  expect(() => readPyTorch(bytes)).toThrow(/opaque: \["argparse\.Namespace"\]/);
  expect(() => readPyTorch(bytes, { opaque: ['argparse.Namespace'] })).toThrow(/"mine\.List"/);
  const found = readPyTorch(bytes, { opaque: ['argparse.Namespace', 'mine.List'] });
  expect([...found.tensors.keys()]).toEqual(['w']);
});

test('readCheckpoint says what a file is that it does not read', () => {
  const legacy = Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9);
  expect(() => readCheckpoint(legacy)).toThrow(/before 1\.6/);
  expect(() => readCheckpoint(Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0, 0, 0, 0))).toThrow(/HDF5/);
  expect(() => readCheckpoint(new Uint8Array())).toThrow(/too short for a safetensors header/);
});

test('the checksum is that of zip files', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  const random = createRandom(2);
  for (const length of [0, 1, 7, 8, 9, 64, 1001]) {
    const bytes = Uint8Array.from({ length }, () => random.below(256));
    expect(crc32(bytes)).toBe(zlibCrc32(bytes));
  }
});
