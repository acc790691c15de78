import { createReadStream } from 'node:fs';
import { locate, SpikeloomError } from '@spikeloom/ir';
import { describeInflateError, inflate, isGzip } from './gunzip.ts';
import { type IdxHeader, maxIdxHeaderBytes, parseIdxHeader } from './idx.ts';
import { checkRange, type ImageSource } from './image-source.ts';
import { imageShapeOf } from './image-shape.ts';

/** Images read from an IDX file as they are needed; memory holds one batch and one chunk of the file. */
export async function streamIdx(
  path: string,
  labels: Uint8Array,
  extra: Pick<ImageSource, 'classNames'>,
): Promise<ImageSource> {
  const packed = isGzip(await takeBytes(createReadStream(path), 2));
  const content = (): AsyncIterable<Uint8Array> =>
    packed ? inflate(createReadStream(path)) : createReadStream(path);
  const { shape, headerBytes } = await readHeader(content(), path);
  const imageShape = imageShapeOf(shape, path);
  const imageBytes = imageShape[1] * imageShape[2];
  const length = shape[0]!;
  if (labels.length !== length) {
    throw new SpikeloomError({
      code: 'corrupt-file',
      path,
      message: 'there are not as many labels as images',
      expected: `${length} labels`,
      got: `${labels.length}`,
    });
  }
  return {
    name: path,
    length,
    imageShape,
    ...extra,
    async *batches(wanted) {
      if (wanted.random) {
        throw new SpikeloomError({
          code: 'unsupported',
          path,
          message: 'a stream cannot be shuffled',
          fix: 'open the data set without { stream: true }',
        });
      }
      const { start, end, size } = checkRange(wanted, length, path);
      const reader = new ByteReader(content(), path);
      try {
        await reader.skip(headerBytes + start * imageBytes);
        for (let from = start; from < end; from += size) {
          const count = Math.min(size, end - from);
          yield {
            shape: [count, ...imageShape],
            pixels: await reader.read(count * imageBytes),
            labels: Int32Array.from(labels.subarray(from, from + count)),
            indices: Array.from({ length: count }, (_, index) => from + index),
          };
        }
      } finally {
        await reader.close();
      }
    },
  };
}

async function readHeader(content: AsyncIterable<Uint8Array>, path: string): Promise<IdxHeader> {
  try {
    return parseIdxHeader(await takeBytes(content, maxIdxHeaderBytes));
  } catch (cause) {
    throw locate(describeInflateError(cause), path);
  }
}

async function takeBytes(chunks: AsyncIterable<Uint8Array>, count: number): Promise<Uint8Array> {
  const bytes: number[] = [];
  for await (const chunk of chunks) {
    bytes.push(...chunk.subarray(0, count - bytes.length));
    if (bytes.length === count) break;
  }
  return Uint8Array.from(bytes);
}

/** Reads exact numbers of bytes from chunks of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #path: string;
  #rest: Uint8Array = new Uint8Array();
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, path: string) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#path = path;
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0;) left -= (await this.#take(left)).length;
  }

  async read(count: number): Promise<Uint8Array> {
    const result = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const part = await this.#take(count - filled);
      result.set(part, filled);
      filled += part.length;
    }
    return result;
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #take(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next().catch((cause: unknown) => {
        throw locate(describeInflateError(cause), this.#path);
      });
      if (next.done) {
        throw new SpikeloomError({
          code: 'corrupt-file',
          path: this.#path,
          message: `the file is cut off at byte ${this.#position}`,
        });
      }
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    this.#position += part.length;
    return part;
  }
}
