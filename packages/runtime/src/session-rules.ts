/** What every session refuses, whatever runs it. */
import { SpikeloomError, type Tensor, type ValueType } from '@spikeloom/ir';
import { checkInputs, requireInputs } from './check-inputs.ts';

/**
 * Checks the inputs of a timestep that are not held.
 *
 * @param sizes the numbers behind named sizes that are known by now
 * @returns those and the ones the inputs tell; inputs that are refused tell none
 */
export function checkFresh(
  fresh: Readonly<Record<string, Tensor>>,
  held: Readonly<Record<string, Tensor>>,
  inputs: ReadonlyMap<string, ValueType>,
  sizes: Readonly<Record<string, number>>,
): Record<string, number> {
  for (const name of Object.keys(fresh)) {
    if (!Object.hasOwn(held, name)) continue;
    throw new SpikeloomError({
      code: 'unknown-input',
      path: name,
      message: 'the input is held for the whole session',
      fix: 'open the session without it to give it at every step',
    });
  }
  const known = { ...sizes };
  checkInputs(fresh, inputs, known);
  requireInputs([...Object.keys(held), ...Object.keys(fresh)], inputs);
  return known;
}

/** Checks which rows are to stay in the batch, after which step. */
export function requireRows(
  rows: readonly number[],
  samples: number,
  { step, newest }: { readonly step: number; readonly newest: number },
): void {
  if (step !== newest) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'keep',
      message: 'samples can only leave after the newest step',
      expected: `step ${newest}`,
      got: `step ${step}`,
    });
  }
  const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= samples);
  if (wrong === undefined && new Set(rows).size === rows.length) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: 'keep',
    message: 'rows to keep are different positions in the batch',
    expected: `0 to ${samples - 1}`,
    got: `${wrong ?? 'a position twice'}`,
  });
}

/** Refuses to go on with a session that has ended or failed, or whose samples have all left. */
export function requireLive(isDisposed: boolean, isEmpty: boolean, hasFailed: boolean): void {
  if (isDisposed) {
    throw new SpikeloomError({
      code: 'disposed',
      path: 'session',
      message: 'the session has ended',
    });
  }
  if (hasFailed) {
    throw new SpikeloomError({
      code: 'run-failed',
      path: 'session',
      message: 'a timestep failed, and only some of the states have moved on',
      fix: 'open another session; the program is as it was',
    });
  }
  if (isEmpty) {
    throw new SpikeloomError({
      code: 'empty-batch',
      path: 'session',
      message: 'every sample has left the batch',
    });
  }
}
