import {
  downsampleEvents,
  type EventSource,
  mapEvents,
  movingBars,
  openCifar10Dvs,
  openDvsGesture,
  openNMnist,
} from '@spikeloom/datasets';
import { diskFolder } from '@spikeloom/datasets/node';
import { SpikeloomError } from '@spikeloom/ir';
import type { EventsConfig } from './dataset-config.ts';

/** Opens recordings: the bundled `moving-bars`, or a folder, which is known by what is in it. */
export async function openEvents(
  name: string,
  split: 'test' | 'train',
  { shrink, testRecordings }: Pick<EventsConfig, 'shrink' | 'testRecordings'>,
): Promise<EventSource> {
  const source = await openSource(name, split, testRecordings);
  return shrink === 1 ? source : mapEvents(source, (stream) => downsampleEvents(stream, shrink));
}

async function openSource(
  name: string,
  split: 'test' | 'train',
  testRecordings: EventsConfig['testRecordings'],
): Promise<EventSource> {
  if (name === 'moving-bars') return movingBars({ seed: split === 'train' ? 1 : 2 });
  const folder = diskFolder(name);
  const there = await folder.list('');
  if (there.includes('trials_to_train.txt')) return openDvsGesture(folder, { split });
  if (there.includes('airplane')) return openCifar10Dvs(folder, { split, testRecordings });
  if (there.includes('Train')) return openNMnist(folder, { split });
  throw new SpikeloomError({
    code: 'not-found',
    path: name,
    message: 'the folder holds no recordings that this program knows',
    expected:
      'DVS128 Gesture (trials_to_train.txt), CIFAR10-DVS (airplane, …) or N-MNIST (Train, Test)',
    got: there.slice(0, 10).join(', ') || 'nothing',
  });
}
