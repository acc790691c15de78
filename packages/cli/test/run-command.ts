import { runCli } from '@spikeloom/cli';
import { vi } from 'vitest';

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of the output, as JSON. */
  json(): Record<string, unknown>;
}

/** Runs the command line in this process. */
export async function runCommand(
  args: readonly string[],
  during?: () => void,
): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const capture = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  const spies = [capture('stdout'), capture('stderr')];
  try {
    const running = runCli(args);
    during?.();
    const code = await running;
    return {
      code,
      ...written,
      json: () =>
        JSON.parse(written.stdout.trimEnd().split('\n').at(-1)!) as Record<string, unknown>,
    };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
