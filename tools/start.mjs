// `npm start`: makes sure everything is installed and built, then runs the quickstart. Its options pass
// through: `npm start -- --timesteps 4`.
import { resolve } from 'node:path';
import { spawnSync } from 'node:child_process';
import { build, installIfNeeded, root } from './prepare.mjs';

installIfNeeded();
await build();
const { status } = spawnSync(
  process.execPath,
  [resolve(root, 'packages/cli/bin/spikeloom.js'), 'quickstart', ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exitCode = status ?? 130;
