/** Data sets on disk, for Node. */
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SpikeloomError } from '@spikeloom/ir';
import { readCifar } from './cifar.ts';
import type { ByteSource } from './events/byte-source.ts';
import type { DataFolder } from './events/data-folder.ts';
import { fashionMnistClasses } from './fashion-mnist.ts';
import { gunzip } from './gunzip.ts';
import { type IdxArray, readIdx } from './idx.ts';
import { imageShapeOf } from './image-shape.ts';
import { type ImageSource, imagesInMemory } from './image-source.ts';
import { streamIdx } from './stream-idx.ts';
import { fashionMnistSample } from './sample.ts';

export type Split = 'test' | 'train';

export interface OpenOptions {
  /** Which part of a folder or named data set. Default `test`. */
  readonly split?: Split;
  /** Reads images from disk as they are needed instead of all at once; no shuffling then. */
  readonly stream?: boolean;
}

/** Where Debian's package `dataset-fashion-mnist` puts its files. */
const debianFolder = '/usr/share/datasets/fashion-mnist';
/** More than this is not unpacked into memory. */
const maxBytes = 2 ** 31;

/**
 * Opens a data set: a name (`fashion-mnist-sample`, `fashion-mnist`), a folder with IDX files
 * (`train-images-idx3-ubyte`, `t10k-…`, gzip or not), one IDX image file with its labels beside it, or a
 * CIFAR `.bin` file.
 */
export async function openDataset(
  nameOrPath: string,
  options: OpenOptions = {},
): Promise<ImageSource> {
  const split = options.split ?? 'test';
  if (nameOrPath === 'fashion-mnist-sample') return fashionMnistSample(split);
  const path = nameOrPath === 'fashion-mnist' ? debianFolder : nameOrPath;
  const found = await stat(path).catch(() => undefined);
  if (!found) throw notFound(nameOrPath, path);
  if (found.isDirectory()) return openIdx(await findImages(path, split), options);
  if (path.endsWith('.bin')) return readCifar(await readAll(path), path);
  return openIdx(path, options);
}

/** A folder on disk, for `openNMnist`, `openDvsGesture` and `openCifar10Dvs`. */
export function diskFolder(path: string): DataFolder {
  return {
    name: path,
    async list(inside) {
      const folder = join(path, inside);
      try {
        return (await readdir(folder)).toSorted();
      } catch (error) {
        throw unreadable(folder, error);
      }
    },
    file: (inside) => fileBytes(join(path, inside)),
  };
}

/** A file on disk that is read a part at a time, for the readers of event data. */
export function fileBytes(path: string): ByteSource {
  return {
    name: path,
    async open() {
      try {
        const file = await open(path, 'r');
        const { size } = await file.stat();
        return {
          size,
          read: (position, length) => readPart(file, path, position, length),
          close: () => file.close(),
        };
      } catch (error) {
        throw unreadable(path, error);
      }
    },
  };
}

async function readPart(
  file: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, position).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (bytesRead === length) return bytes;
  throw new SpikeloomError({
    code: 'corrupt-file',
    path,
    message: `the file became shorter while it was read, at byte ${position + bytesRead}`,
  });
}

function unreadable(path: string, error: unknown): SpikeloomError {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return new SpikeloomError(
    {
      code: isMissing ? 'not-found' : 'corrupt-file',
      path,
      message: isMissing ? 'there is no such file or folder' : 'it could not be read',
      ...(error instanceof Error ? { got: error.message } : {}),
    },
    { cause: error },
  );
}

async function openIdx(images: string, { stream }: OpenOptions): Promise<ImageSource> {
  const labels = images.replace('images-idx3', 'labels-idx1');
  if (labels === images || !(await stat(labels).catch(() => undefined))) {
    throw new SpikeloomError({
      code: 'not-found',
      path: images,
      message: 'the labels of these images were not found',
      expected: labels === images ? 'a name with "images-idx3" in it' : labels,
    });
  }
  const classNames = images.includes('fashion') ? { classNames: fashionMnistClasses } : {};
  const labelArray = await readIdxFile(labels);
  if (stream) return streamIdx(images, labelArray.data, classNames);
  const { shape, data } = await readIdxFile(images);
  return imagesInMemory({
    name: images,
    imageShape: imageShapeOf(shape, images),
    pixels: data,
    labels: labelArray.data,
    ...classNames,
  });
}

async function findImages(folder: string, split: Split): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.includes('images-idx3')).toSorted();
  const wanted = names.filter((name) => (name.includes('train') ? 'train' : 'test') === split);
  const plain = wanted.filter(
    (name) => !wanted.includes(name.replace(/\.gz$/, '')) || !name.endsWith('.gz'),
  );
  const [only] = plain;
  if (only !== undefined && plain.length === 1) return join(folder, only);
  throw new SpikeloomError({
    code: only === undefined ? 'not-found' : 'invalid-argument',
    path: folder,
    message:
      only === undefined
        ? `the folder has no IDX images of the ${split} split`
        : 'the folder has several data sets',
    expected:
      only === undefined
        ? `a file such as ${split === 'train' ? 'train' : 't10k'}-images-idx3-ubyte.gz`
        : 'one',
    got: (only === undefined ? names : plain).join(', ') || 'no IDX image files',
    ...(only === undefined ? {} : { fix: `name one of the files: ${join(folder, only)}` }),
  });
}

async function readIdxFile(path: string): Promise<IdxArray> {
  try {
    return readIdx(await gunzip(await readAll(path), maxBytes));
  } catch (error) {
    if (!(error instanceof SpikeloomError)) throw error;
    const [problem] = error.problems;
    throw problem ? new SpikeloomError({ ...problem, path }, { cause: error }) : error;
  }
}

async function readAll(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > maxBytes) {
    throw new SpikeloomError({
      code: 'too-large',
      path,
      message: 'the file is too large to hold in memory',
      expected: `at most ${maxBytes} bytes`,
      got: `${size}`,
    });
  }
  return readFile(path);
}

function notFound(nameOrPath: string, path: string): SpikeloomError {
  const isDebian = nameOrPath === 'fashion-mnist';
  return new SpikeloomError({
    code: 'not-found',
    path: nameOrPath,
    message: 'there is no such data set',
    expected: isDebian
      ? path
      : 'fashion-mnist-sample, fashion-mnist, or the path of a folder or file',
    ...(isDebian
      ? { fix: 'install it with `apt-get install dataset-fashion-mnist`, or give a folder' }
      : {}),
  });
}
