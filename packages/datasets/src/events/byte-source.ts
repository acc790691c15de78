import { SpikeloomError } from '@spikeloom/ir';

/** Bytes that are read a part at a time: a file, or a piece of memory. */
export interface ByteSource {
  /** What to call it in errors. */
  readonly name: string;
  open(): Promise<OpenBytes>;
}

/** A source that has been opened and must be closed. */
export interface OpenBytes {
  /** How many bytes there are. */
  readonly size: number;
  /** The bytes from a position on; the caller stays within `size`. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Bytes that are in memory. */
export function bytesInMemory(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    open: async () => ({
      size: bytes.length,
      read: async (position, length) => bytes.subarray(position, position + length),
      close: async () => undefined,
    }),
  };
}

/** A file that somebody chose in a browser. */
export function blobBytes(name: string, blob: Blob): ByteSource {
  return {
    name,
    open: async () => ({
      size: blob.size,
      read: async (position, length) =>
        new Uint8Array(await blob.slice(position, position + length).arrayBuffer()),
      close: async () => undefined,
    }),
  };
}

/** Opens a source for as long as a function needs it. */
async function withBytes<T>(source: ByteSource, use: (bytes: OpenBytes) => Promise<T>): Promise<T> {
  const bytes = await source.open();
  try {
    return await use(bytes);
  } finally {
    await bytes.close();
  }
}

/** The text of a small file. Throws `too-large` for one of more than a mebibyte. */
export async function readText(source: ByteSource): Promise<string> {
  return withBytes(source, async (bytes) => {
    if (bytes.size > maxTextBytes) {
      throw new SpikeloomError({
        code: 'too-large',
        path: source.name,
        message: 'the text file is longer than any of its kind',
        expected: `at most ${maxTextBytes} bytes`,
        got: `${bytes.size}`,
      });
    }
    return new TextDecoder().decode(await bytes.read(0, bytes.size));
  });
}

const maxTextBytes = 2 ** 20;
