import { type Problem, SpikeloomError } from '@spikeloom/ir';

/** The error for a file that breaks the rules of its format. */
export function corrupt(message: string, rest: Omit<Problem, 'code' | 'message'> = {}): Error {
  return new SpikeloomError({ code: 'corrupt-file', message, ...rest });
}

/** The error for a file that is sound but holds what this package does not read. */
export function unsupported(message: string, rest: Omit<Problem, 'code' | 'message'> = {}): Error {
  return new SpikeloomError({ code: 'unsupported', message, ...rest });
}
