import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { collected } from './collected-tests.ts';
import { expectedOutput, namedFiles, runnableProgram } from './markdown-programs.ts';

const root = resolve(import.meta.dirname, '../../..');
const generated = resolve(import.meta.dirname, '.generated');
const documents = [
  'README.md',
  'docs/tour.md',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`),
].filter((path) => runnableProgram(readFileSync(join(root, path), 'utf8')) !== '');

const moduleOf = (path: string): string => join(generated, `${path.replaceAll(/\W/g, '-')}.ts`);

beforeAll(() => {
  mkdirSync(generated, { recursive: true });
  for (const path of documents) {
    writeFileSync(moduleOf(path), runnableProgram(readFileSync(join(root, path), 'utf8')));
  }
});

describe('programs in the documentation print what they say', () => {
  for (const path of documents) {
    test(path, async () => {
      const lines: string[] = [];
      const log = vi.spyOn(console, 'log').mockImplementation((...parts: unknown[]) => {
        lines.push(
          ...parts
            .join(' ')
            .split('\n')
            .map((line) => line.trim()),
        );
      });
      try {
        await import(moduleOf(path));
      } finally {
        log.mockRestore();
      }
      expect(lines).toEqual(expectedOutput(readFileSync(join(root, path), 'utf8')));
    });
  }
});

test('the operator of docs/add-an-operator.md passes the test printed there', async () => {
  const files = namedFiles(readFileSync(join(root, 'docs/add-an-operator.md'), 'utf8'));
  for (const [name, text] of files) {
    // The test in the document registers with this file's collector instead of a runner of its own.
    const collecting = text.replace(
      "import { expect, test } from 'vitest';",
      "import { expect } from 'vitest';\nimport { collect as test } from '../collected-tests.ts';",
    );
    // Under a name that the runner does not take for a test of its own.
    writeFileSync(join(generated, name.replace('.test.ts', '.collected.ts')), collecting);
  }
  await import(join(generated, 'tired-neuron.collected.ts'));
  expect(collected.length).toBeGreaterThan(4);
  for (const { run } of collected) await run();
});

test('programs in the documentation type-check', () => {
  const config = join(generated, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { rootDir: '../../../..' },
      include: ['*.ts', '../collected-tests.ts'],
    }),
  );
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  expect(execFileSync(process.execPath, [compiler, '-p', config], { encoding: 'utf8' })).toBe('');
});

afterAll(() => {
  collected.length = 0;
});
