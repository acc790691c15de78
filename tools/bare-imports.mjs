// Which packages a file imports: by `import`, `export … from`, `import()` and, in types, `import("x").Y`.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;
const comments = /\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*/g;

/** Pairs of file and package name, for all files with one of the endings in a folder. */
export function* bareImports(folder, endings) {
  if (!statSync(folder, { throwIfNoEntry: false })) return;
  for (const file of readdirSync(folder, { recursive: true })) {
    // Folders with a dot hold what tests generate.
    if (/(?:^|[\\/])\./.test(file) || !endings.some((ending) => file.endsWith(ending))) continue;
    const text = readFileSync(resolve(folder, file), 'utf8').replaceAll(comments, '');
    for (const [, from, dynamic, forEffect] of text.matchAll(importPattern)) {
      const name = packageOf(from ?? dynamic ?? forEffect);
      if (name) yield { file, name };
    }
  }
}

/** The package a specifier names; nothing for files and what Node itself brings. */
function packageOf(specifier) {
  if (/^(?:\.|node:|data:)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
