import { corrupt } from './corrupt.ts';
import type { PickleHost } from './pickle.ts';
import type { PickleStack } from './pickle-stack.ts';
import { isKind, type PickleValue, tuple } from './pickle-value.ts';

type Instruction = (machine: PickleStack, host: PickleHost) => void;

const push =
  (make: (machine: PickleStack) => PickleValue): Instruction =>
  (machine) =>
    machine.push(make(machine));

/**
 * The instructions of protocols 2 to 5 that plain data needs, by their byte. Left out: those of protocols 0
 * and 1 in text, extensions, old-style classes and out-of-band buffers, which `torch.save` never writes.
 *
 * Source: CPython, Lib/pickletools.py.
 */
export const opcodes: ReadonlyMap<number, Instruction> = new Map(
  Object.entries<Instruction>({
    // Protocol and framing.
    '80': (machine) => void machine.byte(),
    '95': (machine) => void machine.uint64(),
    // Constants and numbers.
    '4e': push(() => null),
    '88': push(() => true),
    '89': push(() => false),
    '4b': push((machine) => machine.byte()),
    '4d': push((machine) => machine.uint16()),
    '4a': push((machine) => machine.int32()),
    '8a': push((machine) => decodeLong(machine.bytes(machine.byte()))),
    '47': push((machine) => machine.float64()),
    // Text and bytes; the strings of Python 2 are taken for text.
    '58': push((machine) => machine.text(machine.uint32())),
    '8c': push((machine) => machine.text(machine.byte())),
    '8d': push((machine) => machine.text(machine.uint64())),
    '55': push((machine) => machine.text(machine.byte())),
    '54': push((machine) => machine.text(machine.uint32())),
    '43': push((machine) => machine.bytes(machine.byte())),
    '42': push((machine) => machine.bytes(machine.uint32())),
    '8e': push((machine) => machine.bytes(machine.uint64())),
    '96': push((machine) => machine.bytes(machine.uint64())),
    // Stack and memo.
    '28': (machine) => machine.mark(),
    '30': (machine) => void machine.pop(),
    '31': (machine) => void machine.popMark(),
    '32': (machine) => machine.push(machine.top()),
    '71': (machine) => machine.remember(machine.byte()),
    '72': (machine) => machine.remember(machine.uint32()),
    '94': (machine) => machine.remember(),
    '68': (machine) => machine.recall(machine.byte()),
    '6a': (machine) => machine.recall(machine.uint32()),
    // Containers.
    '29': push(() => tuple([])),
    '74': push((machine) => tuple(machine.popMark())),
    '85': push((machine) => tuple(machine.popMany(1))),
    '86': push((machine) => tuple(machine.popMany(2))),
    '87': push((machine) => tuple(machine.popMany(3))),
    '5d': push(() => []),
    '6c': push((machine) => machine.popMark()),
    '61': (machine) => append(machine, machine.popMany(1)),
    '65': (machine) => append(machine, machine.popMark()),
    '7d': push(() => new Map()),
    '64': push((machine) => setItems(new Map(), machine.popMark())),
    '73': (machine) => intoDict(machine, machine.popMany(2)),
    '75': (machine) => intoDict(machine, machine.popMark()),
    '8f': push(() => new Set()),
    '90': (machine) => addToSet(machine, machine.popMark()),
    '91': push((machine) => new Set(machine.popMark())),
    // What would reach into Python.
    '63': push2((machine, host) => host.findGlobal(machine.line(), machine.line())),
    '93': push2((machine, host) => findOnStack(machine, host)),
    '52': push2(call),
    '81': push2(call),
    '62': (machine) => build(machine),
    '51': push2((machine, host) => findPersistent(machine, host)),
  }).map(([code, instruction]) => [Number.parseInt(code, 16), instruction]),
);

function push2(make: (machine: PickleStack, host: PickleHost) => PickleValue): Instruction {
  return (machine, host) => machine.push(make(machine, host));
}
