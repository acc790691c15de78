import type { Table } from '../table.ts';
import { escape } from './report.ts';

/** A table with its title, as HTML. */
export function renderTable({ title, head, rows }: Table): string {
  const cells = (line: readonly string[], tag: 'th' | 'td'): string =>
    line
      .map((cell, column) => {
        const name = column === 0 ? 'th' : tag;
        return `<${name}>${escape(cell)}</${name}>`;
      })
      .join('');
  return `<h2>${title}</h2><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows
    .map((line) => `<tr>${cells(line, 'td')}</tr>`)
    .join('')}</tbody></table>`;
}
