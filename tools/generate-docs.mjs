// Writes the parts of the documentation that follow from the code: the operator reference in docs/ir.md,
// docs/errors.md, and the dependency drawing in docs/architecture.md. With --check it only compares.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { build, root } from './prepare.mjs';

await build();
const { errorCodes, layerOperators, primitiveOperators } = await import('@spikeloom/ir');
const { describeOperator } = await import('./describe-operator.mjs');

const check = process.argv.includes('--check');
let stale = false;
/** File name to its new text. */
const edited = new Map();

replaceSection('docs/ir.md', 'primitives', primitiveOperators.map(describeOperator).join('\n'));
replaceSection('docs/ir.md', 'layers', layerOperators.map(describeOperator).join('\n'));
replaceSection('docs/architecture.md', 'dependencies', dependencyDrawing());
replaceSection('docs/errors.md', 'codes', errorTable());
for (const [file, text] of edited) await save(file, text);
if (stale) {
  console.error('The generated documentation is out of date; run `npm run docs`.');
  process.exit(1);
}

function errorTable() {
  const rows = Object.entries(errorCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return ['| code | meaning |', '| --- | --- |', ...rows].join('\n');
}

function dependencyDrawing() {
  const lines = ['```mermaid', 'flowchart BT'];
  for (const folder of readdirSync(resolve(root, 'packages')).toSorted()) {
    const { dependencies = {} } = JSON.parse(
      readFileSync(resolve(root, 'packages', folder, 'package.json'), 'utf8'),
    );
    const ours = Object.keys(dependencies).filter((name) => name.startsWith('@spikeloom/'));
    if (ours.length === 0) lines.push(`  ${folder}`);
    // The command uses everything; its arrows would hide the others.
    if (folder === 'cli') lines.push(`  cli(["cli (uses all)"])`);
    else for (const name of ours) lines.push(`  ${folder} --> ${name.slice('@spikeloom/'.length)}`);
  }
  return [...lines, '```'].join('\n');
}

/** Text between `<!-- name -->` and `<!-- /name -->`. */
function replaceSection(file, name, content) {
  const text = edited.get(file) ?? readFileSync(resolve(root, file), 'utf8');
  const pattern = new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- /${name} -->)`);
  if (!pattern.test(text)) throw new Error(`${file} has no section "${name}"`);
  edited.set(
    file,
    text.replace(pattern, (_, open, close) => `${open}\n\n${content}\n\n${close}`),
  );
}

async function save(file, text) {
  const path = resolve(root, file);
  const options = await resolveConfig(path);
  const formatted = await format(text, { ...options, filepath: path });
  if (formatted === readFileSync(path, 'utf8')) return;
  stale = check;
  if (!check) writeFileSync(path, formatted);
}
