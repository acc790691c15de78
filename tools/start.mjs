// `npm start`: makes sure everything is installed and built, then runs the quickstart. Its options pass
// through: `npm start -- --timesteps 4`.
import { resolve } from 'node:path';
import { build, installIfNeeded, root, run } from './prepare.mjs';

installIfNeeded();
await build();
const spikeloom = resolve(root, 'packages/cli/bin/spikeloom.js');
process.exitCode = run(process.execPath, [spikeloom, 'quickstart', ...process.argv.slice(2)]);
