import TextTable from 'cli-table3';

/** A table for people, on a terminal or on a page. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A plain table for a terminal: no colours, right-aligned numbers. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new TextTable({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** `89.7 %` */
export function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(1)} %`;
}

/** `18.0 M` */
export function compact(value: number): string {
  const units: readonly (readonly [number, string])[] = [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e3, ' k'],
  ];
  for (const [size, unit] of units) if (value >= size) return `${(value / size).toFixed(1)}${unit}`;
  return value.toFixed(0);
}
