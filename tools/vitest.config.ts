import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { chromiumArguments, chromiumPath } from './chromium.mjs';

const tools = import.meta.dirname;
const source = process.env['TEST_DIST'] ? [] : ['@spikeloom/source'];
const report = process.env['TEST_REPORT'];
const globalSetup = [fileURLToPath(new URL('./build-wasm.mjs', import.meta.url))];

export default defineConfig({
  root: dirname(tools),
  resolve: { conditions: [...source, 'module', 'browser', 'development|production'] },
  ssr: { resolve: { conditions: [...source, 'module', 'node', 'development|production'] } },
  test: {
    // One core is left idle otherwise, which is half of a small machine.
    maxWorkers: '100%',
    // .ci/run counts from a report in a file; what is printed stays the same.
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['packages/*/test/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.browser.test.ts'],
          globalSetup,
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        // Pages have SharedArrayBuffer, and so threads, only with these two.
        server: {
          headers: {
            'Cross-Origin-Opener-Policy': 'same-origin',
            'Cross-Origin-Embedder-Policy': 'require-corp',
          },
        },
        test: {
          name: 'browser',
          include: ['packages/*/test/**/*.browser.test.ts'],
          globalSetup,
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: chromiumPath(), args: chromiumArguments },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
