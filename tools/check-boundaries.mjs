// Packages import only downward. Checks the table of docs/architecture.md against every package.json, and
// every import against both; TypeScript does not notice an undeclared one, because npm hoists.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bareImports } from './bare-imports.mjs';

const root = resolve(import.meta.dirname, '..');
const scope = '@spikeloom/';
const readJson = (file) => JSON.parse(readFileSync(resolve(root, file), 'utf8'));
const problems = [];

const folders = readdirSync(resolve(root, 'packages'));
const everywhere = Object.keys(readJson('package.json').devDependencies);
const allowed = readTable('docs/architecture.md');
const built = readJson('tools/tsconfig.json').references.map(({ path }) => path);
for (const folder of folders) checkPackage(folder);
checkOrder();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

/** Package to the packages it may import. */
function readTable(file) {
  const [, section] =
    /<!-- packages -->([\s\S]*?)<!-- \/packages -->/.exec(
      readFileSync(resolve(root, file), 'utf8'),
    ) ?? [];
  if (!section)
    throw new Error(`${file}: no table between <!-- packages --> and <!-- /packages -->`);
  const table = new Map();
  for (const line of section.split('\n')) {
    const [, name, , mayImport] = line.split('|').map((cell) => cell.trim());
    if (!name?.startsWith('`')) continue;
    const names = [...mayImport.matchAll(/`([^`]+)`/g)].map(([, found]) => found);
    table.set(name.replaceAll('`', ''), mayImport === 'all' ? folders : names);
  }
  for (const name of table.keys()) {
    if (!folders.includes(name)) problems.push(`${file}: there is no package "${name}"`);
  }
  return table;
}

function checkPackage(folder) {
  const where = `packages/${folder}`;
  const { name, dependencies, peerDependencies, devDependencies } = readJson(
    `${where}/package.json`,
  );
  const may = allowed.get(folder);
  if (!built.includes(`../${where}/tsconfig.build.json`)) {
    problems.push(`tools/tsconfig.json: ${where} is not among the references, so it is not built`);
  }
  if (name !== scope + folder) problems.push(`${where}: the package is called ${name}`);
  if (!may) {
    problems.push(`docs/architecture.md: the table has no row for "${folder}"`);
    return;
  }
  const declared = Object.keys({ ...dependencies, ...peerDependencies });
  for (const other of declared.filter((dependency) => dependency.startsWith(scope))) {
    if (may.includes(other.slice(scope.length))) continue;
    problems.push(
      `${where}/package.json: depends on ${other}, but may import only ${may.join(', ') || 'nothing of ours'} (docs/architecture.md)`,
    );
  }
  checkImports(`${where}/src`, declared, 'dependencies');
  const forTests = [...declared, ...Object.keys(devDependencies ?? {}), ...everywhere, name];
  checkImports(`${where}/test`, forTests, 'devDependencies');
}

function checkImports(folder, declared, list) {
  for (const { file, name } of bareImports(resolve(root, folder), ['.ts', '.js', '.mjs'])) {
    if (declared.includes(name)) continue;
    problems.push(`${folder}/${file}: imports "${name}", which is not among its ${list}`);
  }
}

/** A package must not reach itself through those it may import. */
function checkOrder() {
  const done = new Set();
  const visit = (name, path) => {
    if (path.includes(name)) {
      problems.push(
        `docs/architecture.md: packages import in a circle: ${[...path, name].join(' -> ')}`,
      );
    } else if (!done.has(name)) {
      for (const other of allowed.get(name) ?? [])
        if (other !== name) visit(other, [...path, name]);
      done.add(name);
    }
  };
  for (const name of allowed.keys()) visit(name, []);
}
