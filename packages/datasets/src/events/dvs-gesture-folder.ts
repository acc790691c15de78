import { SpikeloomError } from '@spikeloom/ir';
import { type Aedat3Options, type Interval, openAedat3 } from './aedat3.ts';
import { readText } from './byte-source.ts';
import { type DataFolder, type EventSplit, notThisDataset } from './data-folder.ts';
import type { EventSource } from './event-source.ts';

/**
 * Opens DVS128 Gesture: a folder with `trials_to_train.txt` and `trials_to_test.txt` (users 1 to 23 and 24 to 29),
 * and a recording `user01_led.aedat` with its labels `user01_led_labels.csv` for each trial they name.
 *
 * Every line of the labels is a sample, from its start on and before its end; events outside all of them are left out,
 * and labels that overlap share theirs, as in SpikingJelly (1176 samples to train on, 288 to test). Labels count from
 * 0 here, from 1 in the files. A sample keeps the clock of its recording.
 *
 * Throws `not-found` for a folder without them, `corrupt-file`, with the line, for labels that are none.
 */
export async function openDvsGesture(
  folder: DataFolder,
  { split = 'test', ...options }: Aedat3Options & { readonly split?: EventSplit } = {},
): Promise<EventSource> {
  const there = await folder.list('');
  const lists = splitLists[split];
  if (lists.some((list) => !there.includes(list))) {
    throw notThisDataset(folder, {
      expected: lists.join(', '),
      got: there.slice(0, 10).join(', ') || 'nothing',
      fix: 'unpack DvsGesture.tar.gz and give the folder DvsGesture in it',
    });
  }
  const samples: Sample[] = [];
  for (const list of lists) {
    for (const trial of parseTrials(await readText(folder.file(list)), `${folder.name}/${list}`)) {
      const open = openAedat3(folder.file(`${trial}.aedat`), options);
      const file = folder.file(`${trial}_labels.csv`);
      for (const { label, between } of parseGestureLabels(await readText(file), file.name)) {
        const name = `${folder.name}/${trial}.aedat [${between.join(', ')})`;
        samples.push({ label, open: () => open(between, name) });
      }
    }
  }
  return {
    name: `${folder.name} (DVS128 Gesture, ${split})`,
    length: samples.length,
    width: options.width ?? 128,
    height: options.height ?? 128,
    labels: Int32Array.from(samples, ({ label }) => label),
    classNames: gestures,
    events: (index) => samples[index]!.open(),
  };
}

interface Sample {
  readonly label: number;
  readonly open: () => ReturnType<EventSource['events']>;
}

const splitLists: { readonly [K in EventSplit]: readonly string[] } = {
  train: ['trials_to_train.txt'],
  test: ['trials_to_test.txt'],
  all: ['trials_to_train.txt', 'trials_to_test.txt'],
};

const gestures: readonly string[] = [
  'hand clapping',
  'right hand wave',
  'left hand wave',
  'right arm clockwise',
  'right arm counter clockwise',
  'left arm clockwise',
  'left arm counter clockwise',
  'arm roll',
  'air drums',
  'air guitar',
  'other gestures',
];

/** Names of recordings, one a line, without their ending. */
function parseTrials(text: string, path: string): string[] {
  return linesOf(text).map(({ line, number }) => {
    // Only plain names: a list must not lead out of its folder.
    const trial = /^([\w-]+)\.aedat$/.exec(line)?.[1];
    if (trial === undefined) throw badLine(path, number, 'user01_led.aedat', line);
    return trial;
  });
}

/** Lines of class, start and end in microseconds, under a line that says so. */
function parseGestureLabels(
  text: string,
  path: string,
): readonly { readonly label: number; readonly between: Interval }[] {
  const lines = linesOf(text);
  const body = lines[0]?.line.startsWith('class') ? lines.slice(1) : lines;
  return body.map(({ line, number }) => {
    const fields = line.split(/[,\t]/).map((field) => field.trim());
    const [gesture, from, to] = fields.map((field) => (/^\d+$/.test(field) ? Number(field) : NaN));
    const isLabel =
      fields.length === 3 && gesture! >= 1 && gesture! <= gestures.length && from! < to!;
    if (!isLabel) {
      throw badLine(
        path,
        number,
        `a class from 1 to ${gestures.length}, a start, a later end`,
        line,
      );
    }
    return { label: gesture! - 1, between: [from!, to!] };
  });
}

function linesOf(text: string): { line: string; number: number }[] {
  return text
    .split('\n')
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '');
}

function badLine(path: string, number: number, expected: string, line: string): SpikeloomError {
  return new SpikeloomError({
    code: 'corrupt-file',
    path: `${path}, line ${number}`,
    message: 'the line is not what this file is made of',
    expected,
    got: JSON.stringify(line.slice(0, 60)),
  });
}
