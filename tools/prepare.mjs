// Brings a checkout into a state in which it can run: installs what the lock file asks for, and builds.
// Uses nothing but Node, because it runs before anything is installed. As a program it builds, so that
// `npx spikeloom` works after every install; npm calls it at the end of one.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(import.meta.dirname, '..');
/** npm writes down here what it has installed, when it is done. */
const record = resolve(root, 'node_modules/.package-lock.json');
/** The lock file of the last install of ours. */
const stamp = resolve(root, 'node_modules/.spikeloom-lock');

/** Runs `npm ci` unless what the lock file asks for is installed. */
export function installIfNeeded() {
  const lock = readFileSync(resolve(root, 'package-lock.json'), 'utf8');
  if (isInstalled(lock)) return;
  process.stderr.write('Installing the packages of the lock file (this takes a minute) ...\n');
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['inherit', 2, 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status);
  writeFileSync(stamp, lock);
}

function isInstalled(lock) {
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages;
  const isOurs = existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
  const isComplete = () =>
    Object.entries(JSON.parse(lock).packages).every(([path, entry]) => {
      if (!path.includes('node_modules/') || entry.optional || entry.devOptional) return true;
      return installed[path]?.version === entry.version;
    });
  if (!isOurs && !isComplete()) return false;
  // Folders may have gone since.
  return Object.keys(installed).every((path) => existsSync(resolve(root, path, 'package.json')));
}

/** Compiles the WASM kernels and all packages, if a source has changed. */
export async function build() {
  const status = await compile();
  if (status !== 0) process.exit(status);
}

async function compile() {
  const { default: buildWasm } = await import('./build-wasm.mjs');
  await buildWasm();
  const tsc = resolve(root, 'node_modules/typescript/bin/tsc');
  const stdio = ['inherit', 2, 'inherit'];
  return run(process.execPath, [tsc, '-b', resolve(root, 'tools')], { stdio });
}

/** Runs a command in the root to its end; the result is its exit status. */
export function run(command, args, options = {}) {
  // Ctrl-C reaches the command too; waiting for it lets it end in its own way.
  const wait = () => {};
  process.on('SIGINT', wait);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  process.off('SIGINT', wait);
  if (error) throw error;
  return status ?? 130;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const status = await compile().catch(({ message }) => console.error(message) ?? 1);
  // An install without development tools, or of sources that do not compile, is still an install.
  if (status !== 0) console.error('The packages were not built; `npm run build` says why.');
}
