// `npm test`: makes sure everything is installed, then runs the tests on the TypeScript sources. Options
// pass through to vitest: `npm test -- packages/ir`.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { installIfNeeded, root } from './prepare.mjs';

installIfNeeded();
const args = [
  'run',
  '--config',
  'tools/vitest.config.ts',
  '--project',
  'node',
  ...process.argv.slice(2),
];
const { status } = spawnSync(
  process.execPath,
  [resolve(root, 'node_modules/vitest/vitest.mjs'), ...args],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 130;
