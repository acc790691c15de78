// Compiles the AssemblyScript kernels when a source is newer than the binaries, and puts the binaries of
// tfjs beside them, so that `new URL(...)` finds all of them from any bundler. Vitest's global setup, and
// part of the build.
import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(import.meta.dirname, '../packages/backend-wasm');
/** The targets of asconfig.json. */
const binaries = [
  { target: 'release', file: 'wasm/kernels.wasm', entry: 'assembly/index.ts' },
  { target: 'shared', file: 'wasm/kernels-shared.wasm', entry: 'assembly/index.ts' },
  { target: 'relaxed', file: 'wasm/kernels-relaxed.wasm', entry: 'assembly/index.ts' },
  {
    target: 'relaxed-shared',
    file: 'wasm/kernels-relaxed-shared.wasm',
    entry: 'assembly/index.ts',
  },
  { target: 'engine', file: 'wasm/engine.wasm', entry: 'assembly/engine/index.ts' },
  { target: 'engine-shared', file: 'wasm/engine-shared.wasm', entry: 'assembly/engine/index.ts' },
];
const modified = (file) => statSync(`${root}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

export default async function buildWasm() {
  copyTfjsBinaries();
  const sources = readdirSync(`${root}/assembly`, { recursive: true }).map((f) => `assembly/${f}`);
  const newest = Math.max(...['asconfig.json', ...sources].map(modified));
  const stale = binaries.filter(({ file }) => modified(file) < newest);
  if (stale.length === 0) return;
  const { default: asc } = await import('assemblyscript/asc');
  for (const { target, entry } of stale) {
    const options = ['--config', 'asconfig.json', '--target', target, '--baseDir', root];
    const { error, stderr } = await asc.main([entry, ...options]);
    if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  }
}

function copyTfjsBinaries() {
  const require = createRequire(`${root}/package.json`);
  const from = resolve(
    require.resolve('@tensorflow/tfjs-backend-wasm/package.json'),
    '../wasm-out',
  );
  mkdirSync(`${root}/wasm`, { recursive: true });
  for (const file of readdirSync(from).filter((name) => name.endsWith('.wasm'))) {
    if (modified(`wasm/${file}`) === 0) copyFileSync(`${from}/${file}`, `${root}/wasm/${file}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWasm();
