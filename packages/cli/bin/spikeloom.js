#!/usr/bin/env node
import { existsSync } from 'node:fs';

if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
  console.error(
    'spikeloom: this checkout has not been built yet; run `npm run build` in its root.',
  );
  process.exit(1);
}
// Whoever reads the output may have seen enough, as `| head` has.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
const { runCli } = await import('../dist/index.js');
process.exitCode = await runCli(process.argv.slice(2));
