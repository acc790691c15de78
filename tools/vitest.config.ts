import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const tools = import.meta.dirname;
const source = process.env['TEST_DIST'] ? [] : ['@spikeloom/source'];

export default defineConfig({
  root: dirname(tools),
  resolve: { conditions: [...source, 'module', 'browser', 'development|production'] },
  ssr: { resolve: { conditions: [...source, 'module', 'node', 'development|production'] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['packages/*/test/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.browser.test.ts'],
          globalSetup: [fileURLToPath(new URL('./build-wasm.mjs', import.meta.url))],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
