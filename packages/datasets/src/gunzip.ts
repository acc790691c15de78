import { SpikeloomError } from '@spikeloom/ir';

/** Unpacks gzip data; anything else comes back as it is. */
export async function gunzip(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of inflate([bytes])) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw describeInflateError(cause);
  }
  const result = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    result.set(chunk, offset);
    offset += chunk.length;
  }
  return result;
}

/** Whether data begins as gzip data does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Unpacks a stream of gzip chunks with the platform's own decompressor. */
export async function* inflate(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const stream = new DecompressionStream('gzip');
  const writer = stream.writable.getWriter();
  const feed = async (): Promise<void> => {
    for await (const chunk of chunks) await writer.write(chunk as Uint8Array<ArrayBuffer>);
    await writer.close();
  };
  // A fault shows on the readable side too; this side must not reject unheard.
  const fed = feed().catch((error: unknown) => writer.abort(error).catch(() => undefined));
  const reader = stream.readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      yield value;
    }
    await fed;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** What a decompressor's complaint means. */
export function describeInflateError(cause: unknown): unknown {
  if (cause instanceof SpikeloomError) return cause;
  return new SpikeloomError(
    {
      code: 'corrupt-file',
      message: 'the gzip data is damaged or cut off',
      ...(cause instanceof Error ? { got: cause.message } : {}),
    },
    { cause },
  );
}

function tooLarge(maxBytes: number): SpikeloomError {
  return new SpikeloomError({
    code: 'too-large',
    message: 'the unpacked file is too large to hold in memory',
    expected: `at most ${maxBytes} bytes`,
    fix: 'open it as a stream',
  });
}
