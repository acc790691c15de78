/** What is wrong with a graph, a file or a call, in a form that programs and people can both read. */
export interface Problem {
  /** Stable identifier of the rule that was broken; `docs/errors.md` lists them all. */
  readonly code: ErrorCode;
  /** The rule that was broken, in one clause. */
  readonly message: string;
  /** Where: a node path (`blocks.0.attn.qkv`), a file, or the function that was called. */
  readonly path?: string;
  readonly expected?: string;
  readonly got?: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Every code Spikeloom throws, with its meaning. Plugins add their own under a `vendor/code` name. */
export const errorCodes = {
  aborted: 'The run was cancelled through its AbortSignal.',
  'already-exists': 'Two things of one graph or registry share a name.',
  'cannot-convert': 'The conversion met nodes it has no rule for; the problems name each of them.',
  'checkpoint-mismatch':
    'Tensors of a checkpoint are missing, left over or of another shape than the model needs.',
  'corrupt-file': 'A file breaks the rules of its format.',
  cycle: 'Nodes depend on each other without a state between them.',
  disposed: 'A program or session was used after dispose().',
  'empty-batch': 'A batch has no samples.',
  'foreign-value': 'A value of one graph builder was used in another.',
  'invalid-argument': 'An argument is outside what the function accepts.',
  'invalid-attribute': 'An attribute of a node breaks its schema.',
  'invalid-graph': 'A graph breaks one or more rules; the problems name each of them.',
  'invalid-timesteps': 'The number of timesteps is not a positive integer.',
  'missing-input': 'An input that the graph or operator needs was not given.',
  'missing-weight': 'A parameter of the graph has no tensor.',
  'newer-ir-version': 'The file was written for a newer version of the IR.',
  'newer-operator': 'The file uses a newer version of an operator than the registry has.',
  'not-a-number': 'An input or weight contains NaN.',
  'not-found': 'A file, data set or name does not exist.',
  'not-observable': 'A tap names a value that the compiled program does not compute.',
  'plugin-version': 'A plugin was written for another plugin API.',
  'run-failed':
    'A run stopped in the middle, or a session was to go on after that; the program can run again.',
  'shape-mismatch': 'Shapes do not fit together.',
  'state-not-written': 'A state is never written.',
  'state-written-twice': 'A state has more than one write.',
  'too-large': 'A file or request exceeds a documented limit.',
  'type-mismatch': 'A value has the wrong dtype or signal.',
  'unknown-input': 'An input was given that the graph or operator does not have.',
  'unknown-operator': 'No plugin of the registry defines the operator.',
  'unknown-value': 'A node or output refers to a value that does not exist.',
  unsupported: 'The request is well formed but this version cannot serve it.',
  'unsupported-operator': 'A backend has no kernel for a primitive.',
  'write-failed': 'A file could not be written; what was there before is untouched.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof errorCodes | `${string}/${string}`;

/** The one error class of Spikeloom. Compare `code`, never `instanceof`: two copies of this package may meet. */
export class SpikeloomError extends Error {
  override readonly name = 'SpikeloomError';
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly expected: string | undefined;
  readonly got: string | undefined;
  readonly fix: string | undefined;
  /** Every problem found, when the check does not stop at the first. */
  readonly problems: readonly Problem[];

  constructor(problem: Problem, options: { cause?: unknown; problems?: readonly Problem[] } = {}) {
    super(describeProblem(problem), 'cause' in options ? { cause: options.cause } : undefined);
    this.code = problem.code;
    this.path = problem.path;
    this.expected = problem.expected;
    this.got = problem.got;
    this.fix = problem.fix;
    this.problems = options.problems ?? [problem];
  }
}

/** Whether a caught value is a Spikeloom error, from this copy of the package or another. */
export function isSpikeloomError(error: unknown): error is SpikeloomError {
  return error instanceof Error && error.name === 'SpikeloomError' && 'code' in error;
}

/** One line: where, which rule, what was expected and got, what to do. */
export function describeProblem(problem: Problem): string {
  const where = problem.path === undefined ? '' : `${problem.path}: `;
  const expected = problem.expected === undefined ? '' : `, expected ${problem.expected}`;
  const got = problem.got === undefined ? '' : `, got ${problem.got}`;
  const fix = problem.fix === undefined ? '' : `; ${problem.fix}`;
  return `${where}${problem.message}${expected}${got}${fix}`;
}

/** The same error with a path in front: an operator's rule does not know where its node stands. */
export function locate(error: unknown, path: string): SpikeloomError {
  if (!isSpikeloomError(error)) throw error;
  const [problem] = error.problems;
  if (problem === undefined || problem.path !== undefined) return error;
  return new SpikeloomError({ ...problem, path }, { cause: error });
}

/**
 * Throws one error that carries every problem found; does nothing when there are none. Its code is that of
 * the problems where all share one, else `code`.
 */
export function throwProblems(
  code: ErrorCode,
  subject: string,
  problems: readonly Problem[],
): void {
  const [first] = problems;
  if (first === undefined) return;
  if (problems.length === 1) throw new SpikeloomError(first);
  const lines = problems.slice(0, 20).map((problem) => `\n  - ${describeProblem(problem)}`);
  if (problems.length > 20) lines.push(`\n  - and ${problems.length - 20} more`);
  throw new SpikeloomError(
    {
      code: problems.every((problem) => problem.code === first.code) ? first.code : code,
      message: `${subject} has ${problems.length} problems:${lines.join('')}`,
    },
    { problems },
  );
}
