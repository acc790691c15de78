// Tries the packages as a user meets them: packed, installed by npm in an empty folder, imported by plain
// Node, type-checked, called as a command, and bundled into a page. `--keep` leaves the folder behind.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, root } from './prepare.mjs';
import { checkInstalled, entriesOf } from './smoke/check-installed.mjs';
import { openPage } from './smoke/open-page.mjs';

const isWindows = process.platform === 'win32';
const project = mkdtempSync(join(tmpdir(), 'spikeloom-smoke-'));
const folders = readdirSync(resolve(root, 'packages'));
const tfjsVersion = readJson('packages/backend-tfjs/package.json').devDependencies[
  '@tensorflow/tfjs-backend-cpu'
];

const steps = {
  'pack every package': pack,
  'install them in an empty project': install,
  'each has what its package.json promises': () => checkInstalled(project, folders),
  'import every entry': importAll,
  'convert a network and run it on every backend': () => node('program.mjs'),
  'train a network on every backend': () => node('train-everywhere.mjs'),
  'spikeloom --help': () => expectText(npx('--help'), 'quickstart'),
  'spikeloom inspect': () => expectText(npx('inspect', 'tiny-vit.safetensors'), '16 neurons'),
  'type-check a program, nodenext': () => typeCheck('nodenext', 'nodenext'),
  'type-check a program, bundler': () => typeCheck('preserve', 'bundler'),
  'bundle a page and open it': () => openPage(project),
};

process.once('SIGINT', () => process.exit(130));
process.on('exit', () => {
  if (process.argv.includes('--keep')) console.log(`kept: ${project}`);
  else rmSync(project, { recursive: true, force: true });
});
await build();
for (const [name, step] of Object.entries(steps)) {
  const start = performance.now();
  try {
    const remark = await step();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `ok      ${name} (${seconds} s)${typeof remark === 'string' ? `\n${indent(remark)}` : ''}`,
    );
  } catch (error) {
    console.error(`FAILED  ${name}\n${indent(error.message)}`);
    process.exit(1);
  }
}

function pack() {
  run('npm', ['pack', '--workspaces', '--loglevel=error', '--pack-destination', project], root);
}

function install() {
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'smoke', private: true, type: 'module' }),
  );
  cpSync(resolve(root, 'tools/smoke'), project, { recursive: true });
  const tarballs = readdirSync(project).filter((name) => name.endsWith('.tgz'));
  const wanted = [
    ...tarballs.map((name) => `./${name}`),
    `@tensorflow/tfjs-backend-cpu@${tfjsVersion}`,
  ];
  run('npm', [
    'install',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--loglevel=error',
    ...wanted,
  ]);
}

function importAll() {
  const entries = entriesOf(project, folders);
  writeFileSync(
    join(project, 'imports.mjs'),
    entries.map((name, index) => `import * as e${index} from '${name}';`).join('\n'),
  );
  node('imports.mjs');
  return `${entries.length} entries`;
}

function typeCheck(module, moduleResolution) {
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: [],
    strict: true,
    noEmit: true,
    // tfjs brings a copy of the WebGPU types that disagrees with TypeScript's own.
    skipLibCheck: true,
  };
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
  );
  run(process.execPath, [resolve(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
}

function node(file) {
  return run(process.execPath, [file]);
}

function npx(...args) {
  return run('npx', ['--no-install', 'spikeloom', ...args]);
}

/** What a command prints; throws with all its output when it fails. */
function run(command, args, cwd = project) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: isWindows && command !== process.execPath,
  });
  if (error) throw error;
  if (status !== 0) fail(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

function expectText(text, wanted) {
  if (!text.includes(wanted)) fail(`there is no "${wanted}" in\n${text}`);
}

function readJson(file) {
  return JSON.parse(readFileSync(resolve(root, file), 'utf8'));
}

function fail(message) {
  throw new Error(message);
}

function indent(text) {
  return text.trimEnd().replaceAll(/^/gm, '        ');
}
