// Runs the command line of this checkout in a process of its own: `node run-from-source.mjs train …`. Node 20
// reads no TypeScript, so Vite, which the tests use too, loads the sources.
import { resolve } from 'node:path';
import { createServer } from 'vite';

const server = await createServer({
  root: resolve(import.meta.dirname, '../../..'),
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  ssr: {
    resolve: { conditions: ['@spikeloom/source', 'module', 'node', 'development|production'] },
  },
});
try {
  const { runCli } = await server.ssrLoadModule('@spikeloom/cli');
  process.exitCode = await runCli(process.argv.slice(2));
} finally {
  await server.close();
}
