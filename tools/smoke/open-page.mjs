// Bundles the page with Vite, serves it as any static host would, and reads in Chromium what it found out.
import { resolve } from 'node:path';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { chromiumArguments, chromiumPath } from '../chromium.mjs';

export async function openPage(project) {
  const options = { root: resolve(project, 'page'), configFile: false, logLevel: 'warn' };
  await build(options);
  const executablePath = chromiumPath();
  if (!executablePath) return 'bundled only: there is no Chromium here (set CHROMIUM to one)';
  const server = await preview({ ...options, preview: { port: 0, host: '127.0.0.1' } });
  try {
    return await outcomeOf(server.resolvedUrls.local[0], executablePath);
  } finally {
    await server.close();
  }
}

async function outcomeOf(address, executablePath) {
  const browser = await chromium.launch({ executablePath, args: chromiumArguments });
  try {
    const page = await browser.newPage();
    const faults = [];
    page.on('pageerror', (error) => faults.push(error.stack));
    page.on('requestfailed', (request) => faults.push(`${request.url()} was not loaded`));
    await page.goto(address, { waitUntil: 'load' });
    const outcome = await page.evaluate(() => globalThis.outcome);
    if (faults.length > 0 || !outcome?.startsWith('wasm: ')) {
      throw new Error([...faults, outcome ?? 'the page did not run'].join('\n'));
    }
    return outcome;
  } finally {
    await browser.close();
  }
}
