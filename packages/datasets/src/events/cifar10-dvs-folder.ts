import { type Aedat2Options, readAedat2 } from './aedat2.ts';
import { type DataFolder, type EventSplit, notThisDataset } from './data-folder.ts';
import type { EventSource } from './event-source.ts';

export interface Cifar10DvsOptions extends Aedat2Options {
  /** Which part. Default `test`. */
  readonly split?: EventSplit;
  /**
   * Which recordings of each class are for testing, by the number in their name. The data set has no split of its
   * own. `first` (default): 0 to 99 of 1000, as in TEBN (Duan et al. 2022) and much work after it. `last`: 900 to
   * 999. Accuracies on different splits do not compare.
   */
  readonly testRecordings?: 'first' | 'last';
}

/**
 * Opens CIFAR10-DVS: a folder with one folder for each class (`airplane` … `truck`), 1000 recordings
 * `cifar10_airplane_0.aedat` … in each, as the ten zip files unpack.
 *
 * Throws `not-found` for a folder without them.
 */
export async function openCifar10Dvs(
  folder: DataFolder,
  { split = 'test', testRecordings = 'first', ...options }: Cifar10DvsOptions = {},
): Promise<EventSource> {
  const there = await folder.list('');
  const missing = cifar10Classes.filter((name) => !there.includes(name));
  if (missing.length > 0) {
    throw notThisDataset(folder, {
      expected: `the folders ${cifar10Classes.join(', ')}`,
      got: there.slice(0, 12).join(', ') || 'nothing',
      fix: `unpack ${missing.map((name) => `${name}.zip`).join(', ')} there`,
    });
  }
  const isTest = (number: number): boolean =>
    testRecordings === 'first' ? number < testCount : number >= classCount - testCount;
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of cifar10Classes.entries()) {
    const numbered = (await folder.list(name))
      .map((file) => ({ file, number: numberOf(file) }))
      .filter(
        ({ number }) => number >= 0 && (split === 'all' || isTest(number) === (split === 'test')),
      )
      .toSorted((a, b) => a.number - b.number);
    for (const { file } of numbered) {
      paths.push(`${name}/${file}`);
      labels.push(label);
    }
  }
  return {
    name: `${folder.name} (CIFAR10-DVS, ${split})`,
    length: paths.length,
    width: 128,
    height: 128,
    labels: Int32Array.from(labels),
    classNames: cifar10Classes,
    events: (index) => readAedat2(folder.file(paths[index]!), options),
  };
}

const cifar10Classes: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
const classCount = 1000;
const testCount = 100;

/** The number in the name of a recording; -1 for other files. */
function numberOf(file: string): number {
  return Number(/_(\d{1,6})\.aedat$/.exec(file)?.[1] ?? -1);
}
