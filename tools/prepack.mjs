// Runs in a package's folder before npm packs it: puts the licence of the repository beside it, and refuses
// to pack what was not built.
import { copyFileSync, existsSync } from 'node:fs';
import { resolve } from 'node:path';

if (!existsSync('dist/index.js')) {
  console.error(`${process.cwd()} is not built: run \`npm run build\` in the root first.`);
  process.exit(1);
}
copyFileSync(resolve(import.meta.dirname, '../LICENSE'), 'LICENSE');
