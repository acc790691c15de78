// `npm test`: makes sure everything is installed, then runs the tests on the TypeScript sources. Options
// pass through to vitest: `npm test -- packages/ir`.
import { resolve } from 'node:path';
import { installIfNeeded, root, run } from './prepare.mjs';

installIfNeeded();
const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
const options = ['run', '--config', 'tools/vitest.config.ts', '--project', 'node'];
process.exitCode = run(process.execPath, [vitest, ...options, ...process.argv.slice(2)]);
