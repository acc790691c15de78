// Brings a checkout into a state in which it can run: installs what the lock file asks for, and builds.
// Uses nothing but Node, because it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');
const stamp = resolve(root, 'node_modules/.spikeloom-lock');

/** Runs `npm ci` unless what is installed belongs to the lock file as it is. */
export function installIfNeeded() {
  const wanted = createHash('sha256')
    .update(readFileSync(resolve(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('Installing the packages of the lock file (this takes a minute) ...\n');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, wanted);
}

/** Compiles the WASM kernels and all packages, if a source has changed. */
export async function build() {
  const { default: buildWasm } = await import('./build-wasm.mjs');
  await buildWasm();
  run(process.execPath, [
    resolve(root, 'node_modules/typescript/bin/tsc'),
    '-b',
    resolve(root, 'tools'),
  ]);
}

/** Runs a command in the root; its failure ends this process with the same status. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['inherit', 2, 'inherit'],
    shell: process.platform === 'win32' && command === 'npm',
    ...options,
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
