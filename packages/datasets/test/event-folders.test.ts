import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  collectEvents,
  type EventSource,
  openCifar10Dvs,
  openDvsGesture,
  openNMnist,
} from '@spikeloom/datasets';
import { diskFolder, fileBytes } from '@spikeloom/datasets/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  aedat2File,
  aedat3File,
  folderOf,
  nMnistFile,
  packet,
  type PlainEvent,
} from './event-files.ts';

const timesOf = async (source: EventSource, index: number): Promise<number[]> => [
  ...(await collectEvents(source.events(index))).timestamps,
];

/** One event at a time that tells the file. */
const at = (time: number): PlainEvent[] => [[1, 1, 1, time]];

const nMnist: Record<string, Uint8Array> = {};
for (const [part, base] of [
  ['Train', 1000],
  ['Test', 2000],
] as const) {
  for (let digit = 0; digit < 10; digit++) {
    for (const number of [3, 1]) {
      const time = base + digit * 10 + number;
      nMnist[`${part}/${digit}/0000${number}.bin`] = nMnistFile(at(time));
    }
  }
}

describe('N-MNIST', () => {
  test.each([
    ['test', 20, [2001, 2003, 2011], [0, 0, 1]],
    ['train', 20, [1001, 1003, 1011], [0, 0, 1]],
    ['all', 40, [1001, 1003, 1011], [0, 0, 1]],
  ] as const)('has a split "%s"', async (split, length, times, labels) => {
    const source = await openNMnist(folderOf(nMnist), { split });
    expect([source.length, source.width, source.height]).toEqual([length, 34, 34]);
    expect([...Array.from(source.labels).slice(0, 3)]).toEqual(labels);
    for (const [index, time] of times.entries())
      expect(await timesOf(source, index)).toEqual([time]);
  });

  test('is tested by default, and takes the options of its reader', async () => {
    const source = await openNMnist(folderOf(nMnist), { width: 240, height: 180 });
    expect([source.name, source.width]).toEqual(['memory (N-MNIST, test)', 240]);
    expect(source.events(0).width).toBe(240);
  });

  test('says what to unpack where a part is missing', async () => {
    const onlyTest = Object.entries(nMnist).filter(([path]) => path.startsWith('Test'));
    const folder = folderOf(Object.fromEntries(onlyTest));
    expect((await openNMnist(folder)).length).toBe(20);
    await expect(openNMnist(folder, { split: 'all' })).rejects.toMatchObject({
      code: 'not-found',
      path: 'memory',
      fix: 'unpack Train.zip there',
    });
  });
});

const classes = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');
const cifar: Record<string, Uint8Array | string> = { 'readme.txt': '' };
for (const [label, name] of classes.entries()) {
  for (const number of [0, 9, 10, 99, 100, 899, 900, 999]) {
    cifar[`${name}/cifar10_${name}_${number}.aedat`] = aedat2File(at(label * 1000 + number));
  }
  cifar[`${name}/notes.txt`] = 'x';
}

describe('CIFAR10-DVS', () => {
  test.each([
    [{}, [0, 9, 10, 99]],
    [{ split: 'train' }, [100, 899, 900, 999]],
    [{ testRecordings: 'last' }, [900, 999]],
    [{ split: 'train', testRecordings: 'last' }, [0, 9, 10, 99, 100, 899]],
    [{ split: 'all' }, [0, 9, 10, 99, 100, 899, 900, 999]],
  ] as const)('with %j has these recordings of each class', async (options, numbers) => {
    const source = await openCifar10Dvs(folderOf(cifar), options);
    expect(source.length).toBe(numbers.length * 10);
    expect(source.classNames).toEqual(classes);
    for (const label of [0, 9]) {
      for (const [position, number] of numbers.entries()) {
        const index = label * numbers.length + position;
        expect(source.labels[index]).toBe(label);
        expect(await timesOf(source, index)).toEqual([label * 1000 + number]);
      }
    }
  });

  test('passes the convention on', async () => {
    const source = await openCifar10Dvs(folderOf(cifar), { convention: 'fields' });
    expect((await collectEvents(source.events(0))).x[0]).toBe(1);
  });

  test('says what to unpack where a class is missing', async () => {
    const some = Object.entries(cifar).filter(([path]) => !/^(bird|dog)/.test(path));
    await expect(openCifar10Dvs(folderOf(Object.fromEntries(some)))).rejects.toMatchObject({
      code: 'not-found',
      fix: 'unpack bird.zip, dog.zip there',
    });
  });
});

const labels = 'class,startTime_usec,endTime_usec\n';
const recording = aedat3File([
  packet([...at(50), ...at(100), ...at(149)]),
  packet([...at(150), ...at(199), ...at(250)]),
  packet([...at(260), ...at(300)]),
]);
const gesture: Record<string, Uint8Array | string> = {
  'trials_to_train.txt': 'user01_led.aedat\r\n\r\nuser02_lab.aedat\r\n',
  'trials_to_test.txt': 'user24_led.aedat\n',
  'user01_led.aedat': recording,
  'user01_led_labels.csv': `${labels}1,100,200\n11,180,261\n`,
  'user02_lab.aedat': recording,
  'user02_lab_labels.csv': `${labels}8,0,100\r\n8,100,1000\r\n`,
  'user24_led.aedat': recording,
  'user24_led_labels.csv': 'class\tstartTime_usec\tendTime_usec\n3\t400\t500\n',
};

describe('DVS128 Gesture', () => {
  test('has a sample for every line of labels, overlaps in both', async () => {
    const source = await openDvsGesture(folderOf(gesture), { split: 'train' });
    expect([...Array.from(source.labels)]).toEqual([0, 10, 7, 7]);
    expect(source.classNames).toHaveLength(11);
    expect(await Promise.all([0, 1, 2, 3].map((index) => timesOf(source, index)))).toEqual([
      [100, 149, 150, 199],
      [199, 250, 260],
      [50],
      [100, 149, 150, 199, 250, 260, 300],
    ]);
    expect(source.events(0).name).toBe('memory/user01_led.aedat [100, 200)');
  });

  test('has samples without events where the recording has none', async () => {
    const source = await openDvsGesture(folderOf(gesture));
    expect([source.length, await timesOf(source, 0)]).toEqual([1, []]);
    expect((await openDvsGesture(folderOf(gesture), { split: 'all' })).length).toBe(5);
  });

  test.each([
    ['no numbers', '1,a,200'],
    ['a class 0', '0,100,200'],
    ['a class 12', '12,100,200'],
    ['an end before its start', '1,200,100'],
    ['no time at all', '1,100,100'],
    ['a number missing', '1,100'],
    ['a negative time', '1,-5,100'],
  ])('refuses labels with %s, with the line', async (_, line) => {
    const files = { ...gesture, 'user24_led_labels.csv': `${labels}2,1,2\n${line}\n` };
    await expect(openDvsGesture(folderOf(files))).rejects.toMatchObject({
      code: 'corrupt-file',
      path: 'memory/user24_led_labels.csv, line 3',
      got: JSON.stringify(line),
    });
  });

  test.each(['../user24_led.aedat', '/etc/passwd', 'user24_led.npz'])(
    'refuses a list of trials with %s',
    async (line) => {
      const files = { ...gesture, 'trials_to_test.txt': `${line}\n` };
      await expect(openDvsGesture(folderOf(files))).rejects.toMatchObject({
        code: 'corrupt-file',
        path: 'memory/trials_to_test.txt, line 1',
      });
    },
  );

  test('says what is missing', async () => {
    await expect(openDvsGesture(folderOf({ 'a.txt': '' }))).rejects.toMatchObject({
      code: 'not-found',
      expected: 'trials_to_test.txt',
      fix: expect.stringContaining('DvsGesture.tar.gz'),
    });
    const { 'user24_led_labels.csv': _, ...files } = gesture;
    await expect(openDvsGesture(folderOf(files))).rejects.toMatchObject({
      code: 'not-found',
      path: 'memory/user24_led_labels.csv',
    });
    const huge = { ...gesture, 'trials_to_test.txt': 'x'.repeat(2 ** 20 + 1) };
    await expect(openDvsGesture(folderOf(huge))).rejects.toMatchObject({ code: 'too-large' });
  });
});

describe('on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spikeloom-events-'));
    for (const [path, bytes] of Object.entries({ ...nMnist, ...gesture })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('folders are those in memory', async () => {
    const source = await openNMnist(diskFolder(folder), { split: 'all' });
    expect(source.length).toBe(40);
    expect(await timesOf(source, 39)).toEqual([2093]);
    const samples = await openDvsGesture(diskFolder(folder), { split: 'train' });
    expect(await timesOf(samples, 1)).toEqual([199, 250, 260]);
  });

  test('files that are missing or no files are named', async () => {
    const missing = join(folder, 'nothing');
    await expect(diskFolder(missing).list('')).rejects.toMatchObject({
      code: 'not-found',
      path: missing,
    });
    await expect(fileBytes(missing).open()).rejects.toMatchObject({
      code: 'not-found',
      path: missing,
    });
    const bytes = await fileBytes(folder).open();
    await expect(bytes.read(0, 1)).rejects.toMatchObject({ code: 'corrupt-file', path: folder });
    await bytes.close();
  });

  test('a file that becomes shorter while it is read is an error with the byte', async () => {
    const path = join(folder, 'shrinking.bin');
    await writeFile(path, new Uint8Array(100));
    const bytes = await fileBytes(path).open();
    await truncate(path, 40);
    await expect(bytes.read(30, 20)).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining('at byte 40'),
    });
    await bytes.close();
  });
});
