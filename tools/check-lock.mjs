// Fails when the lock file lacks optional packages that its own entries ask for. `npm install` leaves one
// out without a word when the registry does not have it, and from then on `npm ci` refuses the lock file.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const file = resolve(import.meta.dirname, '../package-lock.json');
const { packages } = JSON.parse(readFileSync(file, 'utf8'));
const nameOf = (path) => path.replace(/^.*node_modules\//, '');
const present = new Set(Object.keys(packages).map(nameOf));

const missing = Object.entries(packages).flatMap(([path, { version, optionalDependencies = {} }]) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !present.has(name))
    .map(([name, range]) => `  ${name}@${range}, wanted by ${nameOf(path)}@${version}`),
);
if (missing.length > 0) {
  console.error(`package-lock.json lacks optional packages:\n${missing.join('\n')}
Pin those that want them to a version whose optional packages all exist, then delete node_modules and
package-lock.json, run \`npm install\`, and see that \`npm ci\` works.`);
  process.exitCode = 1;
}
