/** The part of Node this file uses, if it runs there. */
interface NodeProcess {
  getBuiltinModule?(name: 'node:fs'): { readFileSync(path: URL): Uint8Array };
}

/** Reads a file that lies beside this package: from disk in Node, over the network in a browser. */
export async function readBinary(url: URL): Promise<Uint8Array> {
  const { process } = globalThis as { process?: NodeProcess };
  // Asking the process keeps bundlers for the browser from looking for node:fs.
  const fs = url.protocol === 'file:' ? process?.getBuiltinModule?.('node:fs') : undefined;
  if (fs) return fs.readFileSync(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
