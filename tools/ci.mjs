// Runs every check, one after the other, all of them whatever happens to one. Tests count one by one, every
// other step as one; the last line says `N passed, N failed`. Uses nothing but Node, until `npm test` has
// installed the rest.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromiumPath } from './chromium.mjs';

const root = resolve(import.meta.dirname, '..');
const report = resolve(root, 'node_modules/.spikeloom-test-report.json');
const tenMinutes = 600_000;

const results = [];
runTests('npm test');
runStep('npm run typecheck');
runStep('npm run lint');
runStep('npm run format:check');
runStep('npm run unused');
runStep('npm run build');
runStep('npm run pack:check');
// The command line and the examples of all READMEs reach every package.
runStep('npm test -- packages/cli', { TEST_DIST: '1' });
const noChromium = installChromium();
runStep('npm run smoke');
if (noChromium) skip('npm run test:browser', noChromium);
else runTests('npm run test:browser');
summarise();

/** A step whose tests count one by one. */
function runTests(command) {
  rmSync(report, { force: true });
  const { status, seconds } = execute(command, { TEST_REPORT: report });
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : {};
  // A file that cannot be loaded, or a run without tests, fails without a failed test.
  const hidden = failed === 0 && (status !== 0 || passed === 0) ? 1 : 0;
  results.push({ command, seconds, passed, failed: failed + hidden });
}

function runStep(command, env = {}) {
  const { status, seconds } = execute(command, env);
  const passed = Number(status === 0);
  results.push({ command: label(command, env), seconds, passed, failed: 1 - passed });
}

function skip(command, reason) {
  console.log(`\n### ${command}: skipped, ${reason}`);
  results.push({ command: `${command} (skipped: ${reason})`, seconds: 0, passed: 0, failed: 0 });
}

function execute(command, env) {
  console.log(`\n### ${label(command, env)}`);
  const start = performance.now();
  const { status, error } = spawnSync(command, {
    cwd: root,
    shell: true,
    stdio: 'inherit',
    timeout: tenMinutes,
    // Snapshots are compared, never written; colours would hide the numbers from who reads the log.
    env: { ...process.env, CI: 'true', NO_COLOR: '1', ...env },
  });
  if (error) console.log(`${command}: ${error.message}`);
  return { status, seconds: (performance.now() - start) / 1000 };
}

function label(command, { TEST_DIST } = {}) {
  return TEST_DIST ? `${command}, on what was built` : command;
}

/** The reason why there is no browser, if there is none and none can be had. */
function installChromium() {
  if (chromiumPath()) return undefined;
  if (process.env.CHROMIUM) return `CHROMIUM is ${process.env.CHROMIUM}, which does not exist`;
  if (process.getuid?.() !== 0) return 'there is no Chromium, and only root can install one';
  const install = 'apt-get update && apt-get install -y --no-install-recommends chromium';
  const { status } = execute(install, { DEBIAN_FRONTEND: 'noninteractive' });
  if (status === 0 && chromiumPath()) return undefined;
  return 'there is no Chromium, and apt-get could not install one';
}

function summarise() {
  console.log('\n### Summary');
  for (const { command, seconds, passed, failed } of results) {
    const verdict = failed > 0 ? 'FAILED' : passed > 0 ? 'ok' : '-';
    console.log(`${verdict.padEnd(6)} ${seconds.toFixed(1).padStart(6)} s  ${command}`);
  }
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`${total('passed')} passed, ${total('failed')} failed`);
  process.exitCode = total('failed') > 0 ? 1 : 0;
}
