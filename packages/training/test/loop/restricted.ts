import { spawnSync } from 'node:child_process';

/** Does something without the rights of the superuser, to whom no folder is read-only. */
export async function asOrdinaryUser(work: () => Promise<unknown>): Promise<void> {
  const isSuperuser = process.geteuid!() === 0;
  if (isSuperuser) process.seteuid!(65534);
  try {
    await work();
  } finally {
    if (isSuperuser) process.seteuid!(0);
  }
}

export const canLimitFileSize: boolean =
  process.platform === 'linux' && spawnSync('prlimit').status !== null;

/** Does something while this process may not write files beyond a number of bytes, as on a full disk. */
export async function withFileSizeLimit(
  bytes: number,
  work: () => Promise<unknown>,
): Promise<void> {
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
