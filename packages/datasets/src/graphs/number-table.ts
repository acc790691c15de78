import { SpikeloomError } from '@spikeloom/ir';

/** Numbers in lines of text. */
export interface NumberTable {
  readonly rows: number;
  /** Numbers in each line. */
  readonly columns: number;
  readonly data: Float64Array;
  /** The line of each row, from 1: empty lines and comments are no rows. */
  readonly lines: Int32Array;
}

export interface NumberTableOptions {
  /** Numbers that each line must have. Default: as many as the first. */
  readonly columns?: number;
  /** Whether only whole numbers are allowed. Default false. */
  readonly whole?: boolean;
  /** A line that begins with this is a comment. Default `#`. */
  readonly comment?: string;
}

/**
 * Reads numbers separated by commas, semicolons, tabs or spaces, a row per line. Throws `corrupt-file` with line
 * and column for anything else.
 */
export function readNumbers(
  path: string,
  source: string | Uint8Array,
  { columns, whole = false, comment = '#' }: NumberTableOptions = {},
): NumberTable {
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  const data: number[] = [];
  const lines: number[] = [];
  let width = columns;
  let line = 0;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    const row = text.slice(start, end < 0 ? text.length : end).trim();
    start = end < 0 ? text.length : end + 1;
    line++;
    if (row === '' || row.startsWith(comment)) continue;
    const fields = row.split(/\s*[,;\t]\s*|\s+/);
    width ??= fields.length;
    if (fields.length !== width) {
      throw corrupt(
        path,
        `line ${line} has another number of columns`,
        `${width}`,
        `${fields.length}`,
      );
    }
    for (const [column, field] of fields.entries()) {
      const value = field === '' ? NaN : Number(field);
      if (Number.isNaN(value) || (whole && !Number.isSafeInteger(value))) {
        const expected = whole ? 'a whole number' : 'a number';
        throw corrupt(
          path,
          `line ${line}, column ${column + 1} is no number`,
          expected,
          `"${field}"`,
        );
      }
      data.push(value);
    }
    lines.push(line);
  }
  return {
    rows: lines.length,
    columns: width ?? 0,
    data: Float64Array.from(data),
    lines: Int32Array.from(lines),
  };
}

/** One column of a table. */
export function columnOf({ rows, columns, data }: NumberTable, column: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => data[row * columns + column]!);
}

function corrupt(path: string, message: string, expected: string, got: string): SpikeloomError {
  return new SpikeloomError({ code: 'corrupt-file', path, message, expected, got });
}
