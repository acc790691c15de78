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
  const head = await bytes.read(0, Math.min(bytes.size, maxHeaderBytes));
  const found = /^#!AER-DAT(\S*)/.exec(textOf(head.subarray(0, 32)))?.[1];
  if (found === undefined) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      path: name,
      message: 'this is no AEDAT file',
      expected: `#!AER-DAT${version} at byte 0`,
    });
  }
  if (!found.startsWith(version)) {
    throw new SpikeloomError({
      code: 'unsupported',
      path: name,
      message: 'this AEDAT file is of another version',
      expected: version,
      got: found,
      fix:
        found.startsWith('2') || found.startsWith('3')
          ? `read it with readAedat${found[0]}`
          : 'export it as AEDAT 3.1 or 2.0',
    });
  }
  for (let at = 0; at < head.length;) {
    if (head[at] !== hash && endLine === undefined) return at;
    const lineEnd = head.indexOf(newLine, at);
    if (head[at] !== hash || lineEnd < 0) break;
    const line = textOf(head.subarray(at, Math.min(lineEnd, at + 100)));
    at = lineEnd + 1;
    if (line.trimEnd() === endLine || (at === bytes.size && endLine === undefined)) return at;
  }
  throw new SpikeloomError({
    code: 'corrupt-file',
    path: name,
    message: 'the header of the file has no end',
    expected: endLine === undefined ? 'a line that does not begin with "#"' : `the line ${endLine}`,
  });
}

const hash = 0x23;
const newLine = 0x0a;

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
