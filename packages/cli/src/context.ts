import { SingleBar } from 'cli-progress';

/** What a command may write to, and how it learns that it should stop. */
export interface Context {
  /** Whether the output is for a program: no progress, one JSON object on the last line. */
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly cancelled: boolean;
  cancel(): void;
  /** Writes results, to standard output. */
  print(text: string): void;
  /** Writes remarks, to standard error. */
  note(text: string): void;
  /** Writes a remark for people; programs do not get it. */
  say(text: string): void;
  /** Shows how far a piece of work is; on a terminal only. */
  progress(title: string, total: number): Progress;
  /** Takes down what is still on the screen. */
  finish(): void;
}

export interface Progress {
  /** @param details what else is known by now */
  update(done: number, details?: string): void;
  stop(): void;
}

export function createContext(json: boolean): Context {
  const controller = new AbortController();
  const bars = new Set<SingleBar>();
  const isTerminal = process.stderr.isTTY && !json;
  const note = (text: string): void => void process.stderr.write(text);
  return {
    json,
    signal: controller.signal,
    get cancelled() {
      return controller.signal.aborted;
    },
    cancel: () => controller.abort(),
    print: (text) => void process.stdout.write(text),
    note,
    say: (text) => {
      if (!json) note(`${text}\n`);
    },
    progress(title, total) {
      if (!isTerminal) return { update: () => undefined, stop: () => undefined };
      const bar = new SingleBar({
        format: `${title.padEnd(28)} {bar} {value}/{total}  {eta_formatted} left  {details}`,
        barCompleteChar: '█',
        barIncompleteChar: '░',
        barsize: 28,
        hideCursor: true,
        clearOnComplete: true,
        stream: process.stderr,
      });
      bars.add(bar);
      bar.start(total, 0, { details: '' });
      return {
        update: (done, details = '') => bar.update(done, { details }),
        stop: () => {
          bar.stop();
          bars.delete(bar);
        },
      };
    },
    finish: () => {
      for (const bar of bars) bar.stop();
      bars.clear();
    },
  };
}
