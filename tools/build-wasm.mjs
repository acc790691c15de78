// Compiles the AssemblyScript kernels when a source is newer than the binaries, and puts the binaries of
// tfjs beside them, so that `new URL(...)` finds all of them from any bundler. Vitest's global setup, and
// part of the build.
import { copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(import.meta.dirname, '../packages/backend-wasm');
const binaries = { release: 'wasm/kernels.wasm', shared: 'wasm/kernels-shared.wasm' };
const modified = (file) => statSync(`${root}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

export default async function buildWasm() {
  copyTfjsBinaries();
  const sources = ['asconfig.json', ...readdirSync(`${root}/assembly`).map((f) => `assembly/${f}`)];
  const newest = Math.max(...sources.map(modified));
  const stale = Object.keys(binaries).filter((target) => modified(binaries[target]) < newest);
  if (stale.length === 0) return;
  const { default: asc } = await import('assemblyscript/asc');
  for (const target of stale) {
    const options = [
      'assembly/index.ts',
      '--config',
      'asconfig.json',
      '--target',
      target,
      '--baseDir',
      root,
    ];
    const { error, stderr } = await asc.main(options);
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
