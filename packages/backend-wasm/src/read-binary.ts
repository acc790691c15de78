/** The parts of Node this file uses, if it runs there. */
interface NodeProcess {
  getBuiltinModule?(name: 'node:fs'): { readFileSync(path: URL): Uint8Array<ArrayBuffer> };
}

/** Reads a binary that lies beside this package: from disk in Node, over the network in a browser. */
export async function readBinary(url: URL): Promise<BufferSource> {
  const { process } = globalThis as { process?: NodeProcess };
  // Asking the process keeps bundlers for the browser from looking for node:fs.
  const fs = url.protocol === 'file:' ? process?.getBuiltinModule?.('node:fs') : undefined;
  if (fs) return fs.readFileSync(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

/** A place tfjs can load from: a path in Node, an address in a browser. */
export function locationOf(url: URL): string {
  if (url.protocol !== 'file:') return url.href;
  // A Windows path has no slash before the drive.
  return decodeURIComponent(url.pathname).replace(/^\/(?=[A-Za-z]:)/, '');
}
