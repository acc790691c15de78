import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFile, writeModelFile } from '@spikeloom/checkpoint/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exampleModel } from './example-model.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spikeloom-write-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('replaces what was there', async () => {
  const path = join(folder, 'file.txt');
  await writeFile(path, 'old');
  await writeFile(path, 'n\u00e9w');
  expect(await readFile(path, 'utf8')).toBe('n\u00e9w');
  await writeFile(path, Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
  expect([...(await readFile(path))]).toEqual([1, 2]);
  expect(await readdir(folder)).toEqual(['file.txt']);
});

test('of two writes at once one wins, whole', async () => {
  const path = join(folder, 'file.txt');
  const texts = ['a', 'b', 'c'].map((letter) => letter.repeat(200_000));
  await Promise.all(texts.map((text) => writeFile(path, text)));
  expect(texts).toContain(await readFile(path, 'utf8'));
  expect(await readdir(folder)).toEqual(['file.txt']);
});

test.skipIf(process.platform === 'win32')(
  'keeps a link, and the permissions of what it points at (Windows has neither)',
  async () => {
    const [path, link] = [join(folder, 'file.txt'), join(folder, 'link.txt')];
    await writeFile(path, 'old');
    await chmod(path, 0o600);
    await symlink(path, link);
    await writeFile(link, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await lstat(path)).mode & 0o777).toBe(0o600);
  },
);

describe('a write that fails leaves everything as it was', () => {
  test('in a folder that does not exist', async () => {
    const path = join(folder, 'missing', 'model.safetensors');
    await expect(writeModelFile(path, exampleModel())).rejects.toMatchObject({
      code: 'write-failed',
      path,
      got: expect.stringContaining('ENOENT'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('over a folder of that name', async () => {
    const path = join(folder, 'model.safetensors');
    await mkdir(path);
    await expect(writeFile(path, 'new')).rejects.toMatchObject({ code: 'write-failed', path });
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    expect(await readdir(path)).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')(
    'in a read-only folder (a folder of Windows cannot be made read-only)',
    async () => {
      const path = join(folder, 'model.safetensors');
      await writeFile(path, 'old');
      await chmod(folder, 0o555);
      try {
        await asOrdinaryUser(() =>
          expect(writeModelFile(path, exampleModel())).rejects.toMatchObject({
            code: 'write-failed',
            path,
            got: expect.stringContaining('EACCES'),
          }),
        );
      } finally {
        await chmod(folder, 0o755);
      }
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['model.safetensors']);
    },
  );

  test.skipIf(process.platform !== 'linux' || spawnSync('prlimit').status === null)(
    'when the file grows beyond what may be written (needs prlimit, a tool of Linux)',
    async () => {
      const path = join(folder, 'model.safetensors');
      await writeFile(path, 'old');
      await withFileSizeLimit(4096, () =>
        expect(writeFile(path, new Uint8Array(100_000))).rejects.toMatchObject({
          code: 'write-failed',
          path,
          got: expect.stringContaining('EFBIG'),
        }),
      );
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['model.safetensors']);
    },
  );
});

/** Does something without the rights of the superuser, to whom no folder is read-only. */
async function asOrdinaryUser(work: () => Promise<unknown>): Promise<void> {
  const isSuperuser = process.geteuid!() === 0;
  if (isSuperuser) process.seteuid!(65534);
  try {
    await work();
  } finally {
    if (isSuperuser) process.seteuid!(0);
  }
}

/** Does something while this process may not write files beyond a number of bytes. */
async function withFileSizeLimit(bytes: number, work: () => Promise<unknown>): Promise<void> {
  // The soft limit alone, which may be raised again.
  const limit = (to: string): void => {
    const { status, stderr } = spawnSync('prlimit', [`--pid=${process.pid}`, `--fsize=${to}:`]);
    if (status !== 0) throw new Error(stderr.toString());
  };
  const before = spawnSync('prlimit', [
    `--pid=${process.pid}`,
    '--fsize',
    '--output=SOFT',
    '--noheadings',
  ]);
  limit(`${bytes}`);
  try {
    await work();
  } finally {
    limit(before.stdout.toString().trim());
  }
}
