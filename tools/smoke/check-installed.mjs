// What neither publint nor attw notice about a package, looked at where it is installed.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bareImports } from '../bare-imports.mjs';

/** Throws with everything that an installed package lacks. */
export function checkInstalled(project, folders) {
  const problems = folders.flatMap((folder) => {
    const path = folderOf(project, folder);
    const { dependencies, peerDependencies, exports } = manifestOf(project, folder);
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === 'string' ? target : Object.values(target),
    );
    const missing = [...targets, 'LICENSE', 'README.md'].filter(
      (file) => !existsSync(resolve(path, file)),
    );
    const declared = Object.keys({ ...dependencies, ...peerDependencies });
    // Types as well: a declaration file that imports what is not installed makes everything `any`.
    const undeclared = [...bareImports(resolve(path, 'dist'), ['.js', '.d.ts'])]
      .filter(({ name }) => !declared.includes(name))
      .map(({ file, name }) => `dist/${file} imports "${name}", which it does not depend on`);
    return [...missing.map((file) => `${file} is not packed`), ...undeclared].map(
      (problem) => `@spikeloom/${folder}: ${problem}`,
    );
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** What can be imported: every entry of every package. */
export function entriesOf(project, folders) {
  return folders.flatMap((folder) => {
    const { name, exports } = manifestOf(project, folder);
    return Object.keys(exports)
      .filter((entry) => !entry.endsWith('.json'))
      .map((entry) => name + entry.slice(1));
  });
}

function manifestOf(project, folder) {
  return JSON.parse(readFileSync(resolve(folderOf(project, folder), 'package.json'), 'utf8'));
}

function folderOf(project, folder) {
  return resolve(project, 'node_modules/@spikeloom', folder);
}
