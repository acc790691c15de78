import { corrupt, unsupported } from './corrupt.ts';
import type { PickleStack } from './pickle-stack.ts';
import { isKind, type PickleDict, type PickleValue, type Tuple, tuple } from './pickle-value.ts';

/** What a pickle may ask its surroundings for. */
export interface PickleHost {
  /** What a name of a Python module stands for; throws for one that is not allowed. */
  findGlobal(module: string, name: string): PickleValue;
  /** What a persistent id stands for. */
  findPersistent(id: Tuple): PickleValue;
}

/** One instruction: its name in `pickletools`, and what it does to the stack. */
export interface Instruction {
  readonly name: string;
  run(machine: PickleStack, host: PickleHost): void;
}

/**
 * The instructions of protocols 2 to 5 that plain data needs, by their byte. Left out: those of protocols 0
 * and 1 in text, extensions, old-style classes and out-of-band buffers, which `torch.save` never writes.
 *
 * Source: CPython, Lib/pickletools.py.
 */
export const opcodes: ReadonlyMap<number, Instruction> = new Map([
  op(0x80, 'PROTO', checkProtocol),
  op(0x95, 'FRAME', (machine) => void machine.uint64()),

  making(0x4e, 'NONE', () => null),
  making(0x88, 'NEWTRUE', () => true),
  making(0x89, 'NEWFALSE', () => false),
  making(0x4b, 'BININT1', (machine) => machine.byte()),
  making(0x4d, 'BININT2', (machine) => machine.uint16()),
  making(0x4a, 'BININT', (machine) => machine.int32()),
  making(0x8a, 'LONG1', (machine) => decodeLong(machine.bytes(machine.byte()))),
  making(0x47, 'BINFLOAT', (machine) => machine.float64()),

  making(0x58, 'BINUNICODE', (machine) => machine.text(machine.uint32())),
  making(0x8c, 'SHORT_BINUNICODE', (machine) => machine.text(machine.byte())),
  making(0x8d, 'BINUNICODE8', (machine) => machine.text(machine.uint64())),
  // The strings of Python 2 are taken for text.
  making(0x55, 'SHORT_BINSTRING', (machine) => machine.text(machine.byte())),
  making(0x54, 'BINSTRING', (machine) => machine.text(machine.uint32())),
  making(0x43, 'SHORT_BINBYTES', (machine) => machine.bytes(machine.byte())),
  making(0x42, 'BINBYTES', (machine) => machine.bytes(machine.uint32())),
  making(0x8e, 'BINBYTES8', (machine) => machine.bytes(machine.uint64())),
  making(0x96, 'BYTEARRAY8', (machine) => machine.bytes(machine.uint64())),

  op(0x28, 'MARK', (machine) => machine.mark()),
  op(0x30, 'POP', (machine) => void machine.pop()),
  op(0x31, 'POP_MARK', (machine) => void machine.popMark()),
  making(0x32, 'DUP', (machine) => machine.top()),
  op(0x71, 'BINPUT', (machine) => machine.remember(machine.byte())),
  op(0x72, 'LONG_BINPUT', (machine) => machine.remember(machine.uint32())),
  op(0x94, 'MEMOIZE', (machine) => machine.remember()),
  op(0x68, 'BINGET', (machine) => machine.recall(machine.byte())),
  op(0x6a, 'LONG_BINGET', (machine) => machine.recall(machine.uint32())),

  making(0x29, 'EMPTY_TUPLE', () => tuple([])),
  making(0x74, 'TUPLE', (machine) => tuple(machine.popMark())),
  making(0x85, 'TUPLE1', (machine) => tuple(machine.popMany(1))),
  making(0x86, 'TUPLE2', (machine) => tuple(machine.popMany(2))),
  making(0x87, 'TUPLE3', (machine) => tuple(machine.popMany(3))),
  making(0x5d, 'EMPTY_LIST', () => []),
  making(0x6c, 'LIST', (machine) => machine.popMark()),
  op(0x61, 'APPEND', (machine) => addItems(machine, machine.popMany(1))),
  op(0x65, 'APPENDS', (machine) => addItems(machine, machine.popMark())),
  making(0x7d, 'EMPTY_DICT', () => new Map()),
  making(0x64, 'DICT', (machine) => setPairs(new Map(), machine.popMark())),
  op(0x73, 'SETITEM', (machine) => setItems(machine, machine.popMany(2))),
  op(0x75, 'SETITEMS', (machine) => setItems(machine, machine.popMark())),
  making(0x8f, 'EMPTY_SET', () => new Set()),
  op(0x90, 'ADDITEMS', (machine) => addItems(machine, machine.popMark())),
  making(0x91, 'FROZENSET', (machine) => new Set(machine.popMark())),

  making(0x63, 'GLOBAL', (machine, host) => host.findGlobal(machine.line(), machine.line())),
  making(0x93, 'STACK_GLOBAL', findOnStack),
  making(0x52, 'REDUCE', call),
  making(0x81, 'NEWOBJ', call),
  op(0x62, 'BUILD', setState),
  making(0x51, 'BINPERSID', (machine, host) => host.findPersistent(popTuple(machine))),
]);

function op(code: number, name: string, run: Instruction['run']): readonly [number, Instruction] {
  return [code, { name, run }];
}

function making(
  code: number,
  name: string,
  make: (machine: PickleStack, host: PickleHost) => PickleValue,
): readonly [number, Instruction] {
  return op(code, name, (machine, host) => machine.push(make(machine, host)));
}

function checkProtocol(machine: PickleStack): void {
  const protocol = machine.byte();
  if (protocol >= 2 && protocol <= 5) return;
  throw unsupported('the pickle is of another protocol', {
    expected: '2 to 5',
    got: `${protocol}`,
  });
}

/** Two's complement, little-endian, any length. */
function decodeLong(bytes: Uint8Array): number | bigint {
  const big = bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const signed = BigInt.asIntN(8 * bytes.length, big);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

function addItems(machine: PickleStack, items: readonly PickleValue[]): void {
  const target = machine.top();
  if (Array.isArray(target)) for (const item of items) target.push(item);
  else if (target instanceof Set) for (const item of items) target.add(item);
  else if (!isKind(target, 'opaque')) throw corrupt('items are added to what is no list or set');
}

function setItems(machine: PickleStack, items: readonly PickleValue[]): void {
  const target = machine.top();
  if (target instanceof Map) setPairs(target, items);
  else if (!isKind(target, 'opaque')) throw corrupt('entries are added to what is no dict');
}

function setPairs(dict: PickleDict, items: readonly PickleValue[]): PickleDict {
  if (items.length % 2 !== 0) throw corrupt('a key of a dict has no value');
  for (let at = 0; at < items.length; at += 2) dict.set(items[at]!, items[at + 1]!);
  return dict;
}

function findOnStack(machine: PickleStack, host: PickleHost): PickleValue {
  const [module, name] = machine.popMany(2);
  if (typeof module === 'string' && typeof name === 'string') return host.findGlobal(module, name);
  throw corrupt('the name of a global is no text');
}

function call(machine: PickleStack): PickleValue {
  const args = popTuple(machine);
  const target = machine.pop();
  if (isKind(target, 'opaque')) return target;
  if (isKind(target, 'global') && target.call) return target.call(args.items);
  throw corrupt('the pickle calls what cannot be called', {
    got: isKind(target, 'global') ? target.name : 'plain data',
  });
}

/** Attributes, such as the `_metadata` of a state dict, carry no tensors that anybody reads. */
function setState(machine: PickleStack): void {
  machine.pop();
  const target = machine.top();
  if (target instanceof Map || isKind(target, 'opaque')) return;
  throw corrupt('attributes are set on what has none');
}

function popTuple(machine: PickleStack): Tuple {
  const value = machine.pop();
  if (isKind(value, 'tuple')) return value;
  throw corrupt('the pickle has something else where a tuple belongs');
}
