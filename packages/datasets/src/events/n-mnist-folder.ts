import { type DataFolder, type EventSplit, notThisDataset } from './data-folder.ts';
import type { EventSource } from './event-source.ts';
import { type NMnistOptions, readNMnist } from './n-mnist.ts';

/**
 * Opens N-MNIST: a folder with `Train` (60,000 recordings) and `Test` (10,000), each with the folders `0` to `9`,
 * as `Train.zip` and `Test.zip` unpack. The split is that of MNIST.
 *
 * Throws `not-found` for a folder without them.
 */
export async function openNMnist(
  folder: DataFolder,
  { split = 'test', ...options }: NMnistOptions & { readonly split?: EventSplit } = {},
): Promise<EventSource> {
  const there = await folder.list('');
  const parts = { train: ['Train'], test: ['Test'], all: ['Train', 'Test'] }[split];
  const missing = parts.filter((part) => !there.includes(part));
  if (missing.length > 0) {
    throw notThisDataset(folder, {
      expected: `the folders ${parts.join(', ')}`,
      got: there.slice(0, 10).join(', ') || 'nothing',
      fix: `unpack ${missing.map((part) => `${part}.zip`).join(' and ')} there`,
    });
  }
  const paths: string[] = [];
  const labels: number[] = [];
  for (const part of parts) {
    for (const digit of digits) {
      const inside = `${part}/${digit}`;
      for (const file of (await folder.list(inside)).filter((name) => name.endsWith('.bin'))) {
        paths.push(`${inside}/${file}`);
        labels.push(Number(digit));
      }
    }
  }
  return {
    name: `${folder.name} (N-MNIST, ${split})`,
    length: paths.length,
    width: options.width ?? 34,
    height: options.height ?? 34,
    labels: Int32Array.from(labels),
    classNames: digits,
    events: (index) => readNMnist(folder.file(paths[index]!), options),
  };
}

const digits: readonly string[] = Array.from({ length: 10 }, (_, digit) => `${digit}`);
