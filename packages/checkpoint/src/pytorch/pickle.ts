import { locate, SpikeloomError } from '@spikeloom/ir';
import { corrupt } from './corrupt.ts';
import { opcodes, type PickleHost } from './pickle-opcodes.ts';
import { PickleStack } from './pickle-stack.ts';
import type { PickleValue } from './pickle-value.ts';

/** Enough for some 30,000 tensors; every instruction may take two hundred bytes of memory. */
const maxInstructions = 2 ** 21;

/**
 * Reads a pickle as data: its instructions are carried out on a stack of plain values, and what would import
 * or call anything of Python asks the host. Does not recurse; its steps are counted.
 *
 * @param path what to call the pickle in errors, before the byte
 */
export function readPickle(bytes: Uint8Array, host: PickleHost, path: string): PickleValue {
  const machine = new PickleStack(bytes);
  for (let count = 0; count < maxInstructions; count++) {
    const start = machine.position;
    let name = '';
    try {
      const code = machine.byte();
      if (code === stop) return machine.pop();
      const instruction = opcodes.get(code);
      if (!instruction) throw unknownInstruction(code);
      name = ` (${instruction.name})`;
      instruction.run(machine, host);
    } catch (error) {
      throw locate(error, `${path}, byte ${start}${name}`);
    }
  }
  throw new SpikeloomError({
    code: 'too-large',
    path,
    message: 'the pickle has more instructions than are read',
    expected: `at most ${maxInstructions}`,
    fix: 'save the weights alone: torch.save(model.state_dict(), …)',
  });
}

const stop = 0x2e;

function unknownInstruction(code: number): Error {
  const text = code > 0x20 && code < 0x7f ? ` ("${String.fromCharCode(code)}")` : '';
  return corrupt('the pickle has an instruction that checkpoints do not need', {
    expected: 'those of protocols 2 to 5 for plain data',
    got: `0x${code.toString(16).padStart(2, '0')}${text}`,
  });
}
