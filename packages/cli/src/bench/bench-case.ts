import type { Option } from 'commander';
import type { Context } from '../context.ts';
import type { Table } from '../table.ts';

/** Something whose time is measured: one file, and one line in `cases.ts`. */
export interface BenchCase<Flags = object> {
  /** What it is called on the command line. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  // A method, because flags compare bivariantly: the options above give what the case expects.
  run(flags: Flags, context: Context): Promise<BenchReport>;
}

export interface BenchReport {
  /** What `--json` prints, on one line. */
  readonly result: object;
  /** What people see. */
  readonly tables: readonly Table[];
  readonly notes: readonly string[];
}
