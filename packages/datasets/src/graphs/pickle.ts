/** The pickles that hold arrays and sparse matrices of Python, read as data: nothing in them is run. */
import { SpikeloomError } from '@spikeloom/ir';
import { PickleBytes } from './pickle-bytes.ts';

/** What a pickle holds. Texts of Python 2 and bytes of Python 3 are both told apart from numbers only. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | PickleMap
  | PickleTuple
  | PickleObject;

/** A dict of Python. */
export interface PickleMap extends Map<PickleValue, PickleValue> {}

export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** A name of a Python module, or what calling it gave. */
export interface PickleObject {
  readonly kind: 'object';
  /** As `numpy.ndarray`; old and new module names are one. */
  readonly type: string;
  /** What it was called with; none for the name itself. */
  readonly args: readonly PickleValue[] | undefined;
  /** What was set on it afterwards. */
  state?: PickleValue;
}

/** The names a pickle of arrays may use. */
const allowed = new Set([
  'builtins.dict',
  'builtins.list',
  'builtins.object',
  'codecs.encode',
  'collections.defaultdict',
  'copyreg._reconstructor',
  'numpy.core.multiarray._reconstruct',
  'numpy.core.numeric._frombuffer',
  'numpy.dtype',
  'numpy.ndarray',
  'scipy.sparse.csr.csr_matrix',
]);

/**
 * Reads a pickle of protocol 0 to 5. Throws `corrupt-file` with the byte where it is damaged, or `unsupported` for
 * names and instructions that arrays do not need.
 *
 * Source: CPython, Lib/pickletools.py.
 */
export function readPickle(path: string, bytes: Uint8Array): PickleValue {
  const input = new PickleBytes(bytes);
  const machine: Machine = { input, stack: [], marks: [], memo: new Map() };
  for (;;) {
    const start = input.position;
    try {
      const code = String.fromCharCode(input.byte());
      if (code === '.') return pop(machine);
      const run = instructions[code];
      if (!run) throw unsupported(`instruction 0x${code.charCodeAt(0).toString(16)} is not read`);
      run(machine);
    } catch (error) {
      if (!(error instanceof SpikeloomError)) throw error;
      const [problem] = error.problems;
      throw new SpikeloomError(
        { ...problem!, path, message: `byte ${start}: ${problem!.message}` },
        { cause: error },
      );
    }
  }
}

interface Machine {
  readonly input: PickleBytes;
  readonly stack: PickleValue[];
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
}

type Instruction = (machine: Machine) => void;

const push =
  (make: (machine: Machine) => PickleValue): Instruction =>
  (machine) =>
    void machine.stack.push(make(machine));
const tupleOf = (items: readonly PickleValue[]): PickleTuple => ({ kind: 'tuple', items });

const instructions: Readonly<Record<string, Instruction>> = {
  '\x80': ({ input }) => void input.byte(),
  '\x95': ({ input }) => void input.bytes(8),
  N: push(() => null),
  '\x88': push(() => true),
  '\x89': push(() => false),
  I: push(({ input }) => lineNumber(input.line())),
  L: push(({ input }) => lineNumber(input.line().replace(/L$/, ''))),
  F: push(({ input }) => lineNumber(input.line())),
  K: push(({ input }) => input.byte()),
  M: push(({ input }) => input.uint16()),
  J: push(({ input }) => input.int32()),
  G: push(({ input }) => input.float64()),
  '\x8a': push(({ input }) => input.long(input.byte())),
  S: push(({ input }) => unquote(input.line())),
  V: push(({ input }) => input.line()),
  U: push(({ input }) => input.latin1(input.byte())),
  T: push(({ input }) => input.latin1(input.uint32())),
  X: push(({ input }) => input.utf8(input.uint32())),
  '\x8c': push(({ input }) => input.utf8(input.byte())),
  C: push(({ input }) => input.bytes(input.byte())),
  B: push(({ input }) => input.bytes(input.uint32())),
  '\x8e': push(({ input }) => input.bytes(input.uint64())),
  '\x96': push(({ input }) => input.bytes(input.uint64())),
  '(': ({ stack, marks }) => void marks.push(stack.length),
  '0': (machine) => void pop(machine),
  '2': push((machine) => top(machine)),
  p: (machine) => void machine.memo.set(lineNumber(machine.input.line()), top(machine)),
  q: (machine) => void machine.memo.set(machine.input.byte(), top(machine)),
  r: (machine) => void machine.memo.set(machine.input.uint32(), top(machine)),
  '\x94': (machine) => void machine.memo.set(machine.memo.size, top(machine)),
  g: push((machine) => recall(machine, lineNumber(machine.input.line()))),
  h: push((machine) => recall(machine, machine.input.byte())),
  j: push((machine) => recall(machine, machine.input.uint32())),
  ')': push(() => tupleOf([])),
  t: push((machine) => tupleOf(popMark(machine))),
  '\x85': push((machine) => tupleOf(popMany(machine, 1))),
  '\x86': push((machine) => tupleOf(popMany(machine, 2))),
  '\x87': push((machine) => tupleOf(popMany(machine, 3))),
  ']': push(() => []),
  l: push(popMark),
  a: (machine) => addItems(machine, popMany(machine, 1)),
  e: (machine) => addItems(machine, popMark(machine)),
  '}': push(() => new Map()),
  d: push((machine) => setItems(new Map(), popMark(machine))),
  s: (machine) => setTop(machine, popMany(machine, 2)),
  u: (machine) => setTop(machine, popMark(machine)),
  c: push(({ input }) => nameOf(input.line(), input.line())),
  '\x93': push((machine) => nameOf(...(popMany(machine, 2).map(String) as [string, string]))),
  R: push(call),
  '\x81': push(call),
  b: (machine) => {
    const state = pop(machine);
    const target = top(machine);
    if (!isPickleObject(target)) throw corrupt('attributes are set on plain data');
    target.state = state;
  },
};

/** A name, with the places it had in older versions brought together. */
function nameOf(module: string, name: string): PickleObject {
  const home = module
    .replace(/^__builtin__$/, 'builtins')
    .replace(/^copy_reg$/, 'copyreg')
    .replace(/^_codecs$/, 'codecs')
    .replace(/^numpy\._core/, 'numpy.core')
    .replace(/^scipy\.sparse\._csr$/, 'scipy.sparse.csr');
  const type = `${home}.${name}`;
  if (allowed.has(type)) return { kind: 'object', type, args: undefined };
  throw unsupported(`"${module}.${name}" is no part of arrays`);
}

function call(machine: Machine): PickleValue {
  const args = pop(machine);
  const target = pop(machine);
  if (!isPickleObject(target) || target.args || !isTuple(args))
    throw corrupt('what is called has no name');
  const [first, encoding] = args.items;
  if (target.type === 'collections.defaultdict' || target.type === 'builtins.dict')
    return new Map();
  if (target.type === 'builtins.list') return [];
  if (target.type === 'codecs.encode') {
    if (typeof first !== 'string' || encoding !== 'latin1')
      throw corrupt('bytes are not in latin1');
    return Uint8Array.from(first, (character) => character.charCodeAt(0));
  }
  if (target.type === 'copyreg._reconstructor' && isPickleObject(first))
    return { kind: 'object', type: first.type, args: [] };
  return { kind: 'object', type: target.type, args: args.items };
}

function addItems(machine: Machine, items: readonly PickleValue[]): void {
  const target = top(machine);
  if (!Array.isArray(target)) throw corrupt('items are added to what is no list');
  for (const item of items) target.push(item);
}

function setTop(machine: Machine, items: readonly PickleValue[]): void {
  const target = top(machine);
  if (!(target instanceof Map)) throw corrupt('entries are added to what is no dict');
  setItems(target, items);
}

function setItems(dict: PickleMap, items: readonly PickleValue[]): PickleMap {
  if (items.length % 2 !== 0) throw corrupt('a key of a dict has no value');
  for (let at = 0; at < items.length; at += 2) dict.set(items[at]!, items[at + 1]!);
  return dict;
}

function pop({ stack, marks }: Machine): PickleValue {
  if (stack.length > (marks.at(-1) ?? 0)) return stack.pop()!;
  throw corrupt('a value is taken that was never made');
}

function top(machine: Machine): PickleValue {
  const value = pop(machine);
  machine.stack.push(value);
  return value;
}

function popMany(machine: Machine, count: number): PickleValue[] {
  return Array.from({ length: count }, () => pop(machine)).toReversed();
}

function popMark({ stack, marks }: Machine): PickleValue[] {
  const mark = marks.pop();
  if (mark === undefined) throw corrupt('a group ends that never began');
  return stack.splice(mark);
}

function recall({ memo }: Machine, index: number): PickleValue {
  const value = memo.get(index);
  if (value !== undefined) return value;
  throw corrupt(`entry ${index} is recalled that was never remembered`);
}

function lineNumber(line: string): number {
  const number = Number(line);
  if (line !== '' && Number.isFinite(number)) return number;
  throw corrupt(`"${line}" is no number`);
}

/** A string of protocol 0, quoted as in the language. */
function unquote(line: string): string {
  return line
    .slice(1, -1)
    .replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (whole, code?: string, letter?: string) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      const found = escapes[letter!];
      if (found === undefined) throw unsupported(`the escape ${whole} is not read`);
      return found;
    });
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** Whether a value is a name or what came of one. */
export function isPickleObject(value: PickleValue | undefined): value is PickleObject {
  return isMarked(value) && value.kind === 'object';
}

export function isTuple(value: PickleValue | undefined): value is PickleTuple {
  return isMarked(value) && value.kind === 'tuple';
}

function isMarked(value: PickleValue | undefined): value is PickleObject | PickleTuple {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function corrupt(message: string): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', message });
}

function unsupported(message: string): SpikeloomError {
  return new SpikeloomError({ code: 'unsupported', message });
}
