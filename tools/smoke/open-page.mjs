// Bundles the page with Vite, serves it as any static host would, and reads in Chromium what it found out: once as a page
// that may share memory between threads, once as one that may not.
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { chromiumArguments, chromiumPath } from '../chromium.mjs';

/** Milliseconds that a page may take for all it does. */
const patience = 120_000;

/** What a host has to send for a page to have threads. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** The one thing the page has to say where threads were asked for and cannot be had. */
const warning = 'this page is not cross-origin isolated';

export async function openPage(project) {
  const options = { root: resolve(project, 'page'), configFile: false, logLevel: 'warn' };
  await build(options);
  const executablePath = chromiumPath();
  if (!executablePath) return 'bundled only: there is no Chromium here (set CHROMIUM to one)';
  const isolated = await serve(options, isolation, executablePath);
  expectOn('an isolated page', isolated, { threads: 2, warnings: 0 });
  const plain = await serve(options, {}, executablePath);
  expectOn('a page that is not isolated', plain, { threads: 1, warnings: 1 });
  return `${isolated.outcome.report}\nnot isolated: ${plain.outcome.report}`;
}

async function serve(options, headers, executablePath) {
  const server = await preview({ ...options, preview: { port: 0, host: '127.0.0.1', headers } });
  try {
    return await visit(server.resolvedUrls.local[0], executablePath);
  } finally {
    await server.close();
  }
}

async function visit(address, executablePath) {
  const browser = await chromium.launch({ executablePath, args: chromiumArguments });
  try {
    const page = await browser.newPage();
    const [faults, warnings] = [[], []];
    let workers = 0;
    page.on('worker', (worker) => (workers += Number(worker.url().includes('engine-worker'))));
    page.on('pageerror', (error) => faults.push(error.stack));
    page.on('requestfailed', (request) => faults.push(`${request.url()} was not loaded`));
    page.on('console', (message) => {
      if (message.type() === 'warning') warnings.push(message.text());
    });
    await page.goto(address, { waitUntil: 'load' });
    const outcome = await Promise.race([
      page.evaluate(() => globalThis.outcome),
      setTimeout(patience, 'the page does not end', { ref: false }),
    ]);
    if (faults.length > 0 || outcome?.report === undefined)
      throw new Error([...faults, outcome ?? 'the page did not run'].join('\n'));
    return { outcome, warnings, workers };
  } finally {
    await browser.close();
  }
}

function expectOn(page, { outcome, warnings, workers }, expected) {
  const said = warnings.filter((text) => text.includes(warning)).length;
  const hasWorkers = workers > 0;
  if (
    outcome.threads !== expected.threads ||
    said !== expected.warnings ||
    hasWorkers !== expected.threads > 1
  )
    throw new Error(
      `${page}: ${outcome.threads} threads, ${workers} workers were started\n${warnings.join('\n')}`,
    );
}
