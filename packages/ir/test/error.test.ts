import {
  describeProblem,
  errorCodes,
  isSpikeloomError,
  locate,
  type Problem,
  SpikeloomError,
  throwProblems,
} from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './thrown-by.ts';

const full: Problem = {
  code: 'shape-mismatch',
  path: 'blocks.0.mlp',
  message: 'the shapes differ',
  expected: '[2]',
  got: '[3]',
  fix: 'transpose one',
};

describe('describeProblem', () => {
  test('says where, which rule, what was expected, what was got and what to do, in one line', () => {
    expect(describeProblem(full)).toBe(
      'blocks.0.mlp: the shapes differ, expected [2], got [3]; transpose one',
    );
  });

  test('leaves out what is not known', () => {
    expect(describeProblem({ code: 'aborted', message: 'the run was cancelled' })).toBe(
      'the run was cancelled',
    );
    expect(describeProblem({ code: 'aborted', message: 'stopped', got: '' })).toBe('stopped, got ');
  });
});

describe('SpikeloomError', () => {
  test('carries the problem as data and its description as message', () => {
    const error = new SpikeloomError(full);
    expect(error).toMatchObject({ ...full, message: describeProblem(full), problems: [full] });
    expect(error.name).toBe('SpikeloomError');
  });

  test('keeps the cause only when there is one', () => {
    const cause = new RangeError('deep down');
    expect(new SpikeloomError(full, { cause }).cause).toBe(cause);
    expect(Object.hasOwn(new SpikeloomError(full), 'cause')).toBe(false);
  });

  test('is recognised by its name, so that two copies of the package can meet', () => {
    class OtherCopy extends Error {
      override readonly name = 'SpikeloomError';
      readonly code = 'aborted';
    }
    expect(isSpikeloomError(new OtherCopy())).toBe(true);
    expect(isSpikeloomError(new Error('plain'))).toBe(false);
    expect(isSpikeloomError({ name: 'SpikeloomError', code: 'aborted' })).toBe(false);
    expect(isSpikeloomError(undefined)).toBe(false);
  });
});

describe('locate', () => {
  test('puts a path in front of an error that has none', () => {
    const cause = new SpikeloomError({ code: 'cycle', message: 'round and round' });
    const located = locate(cause, 'a.b');
    expect(located).toMatchObject({ code: 'cycle', path: 'a.b', message: 'a.b: round and round' });
    expect(located.cause).toBe(cause);
  });

  test('leaves a path that is there', () => {
    const error = new SpikeloomError(full);
    expect(locate(error, 'elsewhere')).toBe(error);
  });

  test('throws errors that are not of Spikeloom on as they are', () => {
    const bug = new TypeError('a bug');
    expect(() => locate(bug, 'a')).toThrow(bug);
  });
});

describe('throwProblems', () => {
  const problems = (count: number): Problem[] =>
    Array.from({ length: count }, (_, index) => ({
      code: 'missing-weight',
      path: `fc${index}`,
      message: 'the parameter has no tensor',
    }));

  test('does nothing without problems', () => {
    expect(() => throwProblems('invalid-graph', 'graph "g"', [])).not.toThrow();
  });

  test('throws a single problem as it is', () => {
    const error = thrownBy(() => throwProblems('invalid-graph', 'graph "g"', problems(1)));
    expect(error).toMatchObject({ code: 'missing-weight', path: 'fc0' });
  });

  test('throws one error that lists several problems, with the code they share', () => {
    const error = thrownBy(() => throwProblems('invalid-graph', 'graph "g"', problems(2)));
    expect(error.code).toBe('missing-weight');
    expect(error.problems.map(({ path }) => path)).toEqual(['fc0', 'fc1']);
    expect(error.message).toMatchInlineSnapshot(`
      "graph "g" has 2 problems:
        - fc0: the parameter has no tensor
        - fc1: the parameter has no tensor"
    `);
  });

  test('takes the code of the whole when the problems have different codes', () => {
    const other: Problem = { code: 'cycle', message: 'round and round' };
    const error = thrownBy(() =>
      throwProblems('invalid-graph', 'graph "g"', [...problems(1), other]),
    );
    expect(error.code).toBe('invalid-graph');
  });

  test('prints 20 problems and says how many more there are, but carries all', () => {
    const error = thrownBy(() => throwProblems('invalid-graph', 'graph "g"', problems(25)));
    expect(error.message.split('\n')).toHaveLength(22);
    expect(error.message).toMatch(/- and 5 more$/);
    expect(error.problems).toHaveLength(25);
  });
});

test('every error code is in kebab case and explained by a sentence', () => {
  for (const [code, meaning] of Object.entries(errorCodes)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(meaning, code).toMatch(/^[A-Z].+\.$/);
  }
});
