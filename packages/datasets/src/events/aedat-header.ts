import { SpikeloomError } from '@spikeloom/ir';
import type { OpenBytes } from './byte-source.ts';

/** Headers are a few hundred bytes; jAER writes some of several kilobytes. */
const maxHeaderBytes = 2 ** 20;

/**
 * Finds the first byte after the text header of an AEDAT file: lines that begin with "#", the first of which names
 * the version. Version 3.1 ends it with a line of its own; before, it ends where a line begins otherwise.
 *
 * Throws `unsupported` for another version, `corrupt-file` where there is no header or no end.
 */
export async function findAedatStart(
  bytes: OpenBytes,
  name: string,
  { version, endLine }: { readonly version: string; readonly endLine?: string },
): Promise<number> {
  for (let length = 2 ** 12; ; length *= 2) {
    const head = await bytes.read(0, Math.min(bytes.size, length));
    checkVersion(head, name, version);
    const start = findEnd(head, endLine);
    if (start !== undefined) return start;
    // A file that ends in its header has no events.
    if (head.length === bytes.size && endLine === undefined && head.at(-1) === newLine) {
      return bytes.size;
    }
    if (head.length === bytes.size || length >= maxHeaderBytes) break;
  }
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: name,
    message: 'the header of the file has no end',
    expected: endLine === undefined ? 'a line that does not begin with "#"' : `the line ${endLine}`,
  });
}

function checkVersion(head: Uint8Array, name: string, version: string): void {
  const found = /^#!AER-DAT(\S*)/.exec(textOf(head.subarray(0, 32)))?.[1];
  if (found === undefined) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: name,
      message: 'this is no AEDAT file',
      expected: `#!AER-DAT${version} at byte 0`,
    });
  }
  if (found.startsWith(version)) return;
  throw new SpikeloomError({
    code: 'unsupported',
    path: name,
    message: 'this AEDAT file is of another version',
    expected: version,
    got: found,
    fix: /^[23]/.test(found)
      ? `read it with readAedat${found[0]}`
      : 'export it as AEDAT 3.1 or 2.0',
  });
}

/** The byte after the last line of a header, if it lies in its beginning. */
function findEnd(head: Uint8Array, endLine: string | undefined): number | undefined {
  for (let at = 0; at < head.length;) {
    if (head[at] !== hash) return endLine === undefined ? at : undefined;
    const lineEnd = head.indexOf(newLine, at);
    if (lineEnd < 0) return undefined;
    const line = textOf(head.subarray(at, Math.min(lineEnd, at + 100)));
    at = lineEnd + 1;
    if (line.trimEnd() === endLine) return at;
  }
  return undefined;
}

const hash = 0x23;
const newLine = 0x0a;

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
