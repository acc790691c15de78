import { locate } from '@spikeloom/ir';
import { corrupt } from './corrupt.ts';
import { opcodes } from './pickle-opcodes.ts';
import { PickleStack } from './pickle-stack.ts';
import type { PickleValue, Tuple } from './pickle-value.ts';

/** What a pickle may ask its surroundings for. */
export interface PickleHost {
  /** What a name of a Python module stands for; throws for one that is not allowed. */
  findGlobal(module: string, name: string): PickleValue;
  /** What a persistent id stands for. */
  findPersistent(id: Tuple): PickleValue;
}

/**
 * Reads a pickle as data: its instructions are carried out on a stack of plain values, and what would import,
 * call or change anything of Python asks the host. Takes memory in proportion to the bytes, does not recurse.
 *
 * @param path what to call the pickle in errors, before the byte
 */
export function readPickle(bytes: Uint8Array, host: PickleHost, path: string): PickleValue {
  const machine = new PickleStack(bytes);
  for (;;) {
    const start = machine.position;
    try {
      const code = machine.byte();
      if (code === stop) return machine.pop();
      const run = opcodes.get(code);
      if (!run) throw unknownOpcode(code);
      run(machine, host);
    } catch (error) {
      throw locate(error, `${path}, byte ${start}`);
    }
  }
}

const stop = 0x2e;

function unknownOpcode(code: number): Error {
  const name = code > 0x20 && code < 0x7f ? ` ("${String.fromCharCode(code)}")` : '';
  return corrupt('the pickle has an instruction that checkpoints do not need', {
    expected: 'the instructions of protocols 2 to 5 for plain data',
    got: `0x${code.toString(16).padStart(2, '0')}${name}`,
  });
}
