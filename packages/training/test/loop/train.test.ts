import { cpuBackend } from '@spikeloom/backend-cpu';
import { wasmBackend } from '@spikeloom/backend-wasm';
import { readSafetensors, writeSafetensors } from '@spikeloom/checkpoint';
import type { Tensor } from '@spikeloom/ir';
import {
  constantRate,
  cosineDecay,
  horizontalFlip,
  sgd,
  stateFromFile,
  stateToFile,
  train,
  type TrainingProgress,
  type TrainingState,
  type TrainOptions,
  warmUp,
} from '@spikeloom/training';
import { beforeAll, describe, expect, test } from 'vitest';
import { toyData, toyTrainer } from './toy-training.ts';

const data = toyData(22);
const validation = { data: toyData(20, 6), keepBest: true };
/** Three batches an epoch, the last of them smaller. */
const options: TrainOptions = {
  epochs: 3,
  batch: 8,
  schedule: warmUp(cosineDecay(0.05, { every: 'step' }), { epochs: 1 }),
  augment: [horizontalFlip()],
  validation,
};

/** The state as it comes back from a file. */
function throughFile(state: TrainingState): TrainingState {
  return stateFromFile(readSafetensors(writeSafetensors(stateToFile(state))));
}

/** Numbers as their bits, so that 0 and -0 differ and NaN equals itself. */
function bitsOf(weights: ReadonlyMap<string, Tensor>): Record<string, number[]> {
  return Object.fromEntries(
    [...weights].map(([name, { data: numbers }]) => [
      name,
      [...new Int32Array(Float32Array.from(numbers).buffer)],
    ]),
  );
}

test('a training learns', async () => {
  const { history, stopped, epoch, graph } = await train(toyTrainer(cpuBackend()), toyData(300), {
    epochs: 10,
    batch: 30,
    schedule: constantRate(0.05),
    validation: { data: toyData(100, 6) },
  });
  expect({ stopped, epoch, epochs: history.map((one) => one.epoch) }).toEqual({
    stopped: 'epochs',
    epoch: 10,
    epochs: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  });
  expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss * 0.7);
  expect(history.at(-1)!.validationAccuracy).toBeGreaterThan(0.85);
  expect(graph.weights.get('conv.weight')!.shape).toEqual([3, 1, 3, 3]);
});

describe.each([cpuBackend(), wasmBackend()])('on $name', (backend) => {
  const checkpoints: TrainingState[] = [];
  let whole: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    whole = await train(toyTrainer(backend), data, {
      ...options,
      checkpointSteps: 1,
      onCheckpoint: (state) => void checkpoints.push(state),
    });
  });

  test('a training gives the same weights again', async () => {
    const again = await train(toyTrainer(backend), data, options);
    expect(bitsOf(again.graph.weights)).toEqual(bitsOf(whole.graph.weights));
    expect(again.history).toEqual(whole.history);
  });

  test('a training that is resumed anywhere ends with the weights of one that was not interrupted', async () => {
    expect(checkpoints.map(({ epoch, step }) => [epoch, step])).toEqual(
      [0, 1, 2].flatMap((epoch) => [1, 2, 3].map((step) => [epoch, step]).concat([[epoch + 1, 0]])),
    );
    for (const checkpoint of checkpoints) {
      const resumed = await train(toyTrainer(backend), data, {
        ...options,
        resume: throughFile(checkpoint),
      });
      expect(bitsOf(resumed.graph.weights)).toEqual(bitsOf(whole.graph.weights));
      expect(bitsOf(resumed.state.trainer.weights)).toEqual(bitsOf(whole.state.trainer.weights));
      expect(bitsOf(resumed.state.trainer.slots)).toEqual(bitsOf(whole.state.trainer.slots));
      expect(resumed.history).toEqual(whole.history);
    }
  });
});

test('a state survives its file exactly', async () => {
  const { state } = await train(toyTrainer(cpuBackend()), data, options);
  expect(state.best).toBeDefined();
  expect(throughFile(state)).toEqual(state);
});

describe('cancelled', () => {
  const cancelAt = async (count: number, from: 'step' | 'validation' = 'step') => {
    const controller = new AbortController();
    const states: TrainingState[] = [];
    let left = count;
    const countDown = (): void => {
      left -= 1;
      if (left === 0) controller.abort();
    };
    const running = train(toyTrainer(cpuBackend()), data, {
      ...options,
      signal: controller.signal,
      ...(from === 'step' ? { onProgress: countDown } : {}),
      validation: {
        ...validation,
        data: {
          ...validation.data,
          batch: (indices) => {
            if (from === 'validation') countDown();
            return validation.data.batch(indices);
          },
        },
      },
      onCheckpoint: (state) => void states.push(state),
    });
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
    return states;
  };

  test('a training hands out the state of its last step and ends with aborted', async () => {
    const states = await cancelAt(5);
    expect(states.map(({ epoch, step }) => [epoch, step])).toEqual([
      [1, 0],
      [1, 2],
    ]);
    const [whole, resumed] = [
      await train(toyTrainer(cpuBackend()), data, options),
      await train(toyTrainer(cpuBackend()), data, { ...options, resume: states.at(-1) }),
    ];
    expect(bitsOf(resumed.graph.weights)).toEqual(bitsOf(whole.graph.weights));
  });

  test('in the middle of a validation, it does that validation again', async () => {
    const states = await cancelAt(2, 'validation');
    expect(states.map(({ epoch, step }) => [epoch, step])).toEqual([[0, 3]]);
    const resumed = await train(toyTrainer(cpuBackend()), data, {
      ...options,
      resume: states.at(-1),
    });
    const whole = await train(toyTrainer(cpuBackend()), data, options);
    expect(resumed.history).toEqual(whole.history);
  });

  test('by a timer, the training stops between steps', async () => {
    const controller = new AbortController();
    const running = train(toyTrainer(cpuBackend()), data, {
      ...options,
      epochs: 1_000_000,
      signal: controller.signal,
      onProgress: ({ epoch }) => {
        if (epoch === 1) setTimeout(() => controller.abort());
      },
    });
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
  });

  test('before it began, it hands out nothing', async () => {
    const states: TrainingState[] = [];
    const running = train(toyTrainer(cpuBackend()), data, {
      ...options,
      signal: AbortSignal.abort(),
      onCheckpoint: (state) => void states.push(state),
    });
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
    expect(states).toEqual([]);
  });
});

describe('progress', () => {
  test('comes after every step, with means over the epoch so far', async () => {
    const seen: TrainingProgress[] = [];
    const { history } = await train(toyTrainer(cpuBackend()), data, {
      ...options,
      epochs: 2,
      onProgress: (progress) => void seen.push(progress),
    });
    expect(seen.map(({ epoch, step, samples }) => [epoch, step, samples])).toEqual([
      [0, 1, 8],
      [0, 2, 16],
      [0, 3, 22],
      [1, 1, 8],
      [1, 2, 16],
      [1, 3, 22],
    ]);
    for (const epoch of [0, 1]) {
      const last = seen[3 * epoch + 2]!;
      const { loss, taskLoss, accuracy, firingRate, learningRate, regularisers } = last;
      expect(history[epoch]).toMatchObject({
        ...{ loss, taskLoss, accuracy, firingRate, learningRate, regularisers },
      });
      const term = regularisers['spikeloom/firing-rate']!;
      expect(loss).toBeCloseTo(taskLoss + 0.1 * term, 5);
      expect(firingRate).toBeGreaterThan(0);
    }
  });

  test('counts whole batches when the last one is dropped', async () => {
    const { history } = await train(toyTrainer(cpuBackend()), data, {
      ...options,
      epochs: 1,
      dropLast: true,
    });
    expect(history[0]!.samples).toBe(16);
  });

  test('is the same in file order when nothing is shuffled', async () => {
    const orders: (readonly number[])[] = [];
    const watched = {
      size: 22,
      batch: (indices: readonly number[]) => {
        orders.push(indices);
        return data.batch(indices);
      },
    };
    await train(toyTrainer(cpuBackend()), watched, { ...options, epochs: 1, shuffle: false });
    expect(orders.flat()).toEqual(Array.from({ length: 22 }, (_, index) => index));
  });
});

test('every epoch augments every sample in another way', async () => {
  const draws = new Map<number, number[]>();
  await train(toyTrainer(cpuBackend()), data, {
    ...options,
    shuffle: false,
    epochs: 2,
    augment: [
      {
        id: 'example/watch',
        apply: (sample, random) => {
          const [pixel] = sample.data;
          draws.set(pixel!, [...(draws.get(pixel!) ?? []), random.uniform()]);
          return sample;
        },
      },
    ],
  });
  expect([...draws.values()].map((list) => list.length)).toEqual(
    Array.from({ length: 22 }, () => 2),
  );
  expect(new Set([...draws.values()].flat()).size).toBe(44);
});

describe('validation', () => {
  test('stops a training that gets no better', async () => {
    const { history, stopped } = await train(toyTrainer(cpuBackend()), data, {
      ...options,
      epochs: 30,
      schedule: constantRate(1e-7),
      validation: { data: toyData(30, 9), patience: 2 },
    });
    const accuracies = history.map(({ validationAccuracy }) => validationAccuracy!);
    expect(stopped).toBe('patience');
    expect(accuracies.indexOf(Math.max(...accuracies))).toBe(history.length - 3);
  });

  test('keeps the network of the best epoch', async () => {
    const ends: TrainingState[] = [];
    const { graph, epoch, history, state } = await train(toyTrainer(cpuBackend()), data, {
      ...options,
      epochs: 6,
      schedule: constantRate(0.5),
      onCheckpoint: (one) => void ends.push(one),
    });
    const accuracies = history.map(({ validationAccuracy }) => validationAccuracy!);
    const best = accuracies.indexOf(Math.max(...accuracies));
    // Otherwise this would not tell the best epoch from the last.
    expect(best).toBeLessThan(5);
    expect(epoch).toBe(best + 1);
    expect(bitsOf(graph.weights)).toEqual(bitsOf(ends[best]!.trainer.weights));
    expect(state.best?.accuracy).toBe(accuracies[best]);
  });
});

describe('a training refuses', () => {
  const run = (
    changes: Partial<TrainOptions>,
    samples = data,
    trainer = toyTrainer(cpuBackend()),
  ) => train(trainer, samples, { ...options, ...changes });

  test.each([
    ['no epochs', { epochs: 0 }, 'train.epochs'],
    ['half a sample', { batch: 0.5 }, 'train.batch'],
    ['a patience of 0', { validation: { data, patience: 0 } }, 'train.validation.patience'],
    ['a checkpoint every 0 steps', { checkpointSteps: 0 }, 'train.checkpointSteps'],
    ['a schedule without a rate', { schedule: () => NaN }, 'schedule'],
  ])('%s', async (_, changes, path) => {
    await expect(run(changes)).rejects.toMatchObject({ code: 'invalid-argument', path });
  });

  test('data that fill no batch', async () => {
    await expect(run({}, { ...data, size: 0 })).rejects.toMatchObject({ code: 'empty-batch' });
    await expect(run({ batch: 23, dropLast: true })).rejects.toMatchObject({ code: 'empty-batch' });
  });

  test('data that give other samples than were asked for', async () => {
    const short = { size: 22, batch: () => data.batch([0, 1]) };
    await expect(run({}, short)).rejects.toMatchObject({
      code: 'shape-mismatch',
      path: 'data.batch',
    });
  });

  test('to go on from a state of another training, and names the differences', async () => {
    const { state } = await run({});
    await expect(run({ resume: state, seed: 8, batch: 4 })).rejects.toMatchObject({
      code: 'checkpoint-mismatch',
      problems: [{ path: 'resume.settings.seed' }, { path: 'resume.settings.batch' }],
    });
    const other = toyTrainer(cpuBackend(), { optimiser: sgd() });
    await expect(run({ resume: state }, data, other)).rejects.toMatchObject({
      code: 'checkpoint-mismatch',
      path: 'resume.settings.optimiser',
      got: 'spikeloom/adam',
    });
    const weights = new Map(state.trainer.weights).set(
      'fc.weight',
      state.trainer.weights.get('bn.mean')!,
    );
    const damaged = { ...state, trainer: { ...state.trainer, weights, slots: new Map() } };
    await expect(run({ resume: damaged })).rejects.toMatchObject({
      code: 'checkpoint-mismatch',
      path: 'fc.weight',
    });
  });

  test('to go on after a loss that is not a number, and keeps the last checkpoint', async () => {
    const states: TrainingState[] = [];
    const running = run({
      schedule: ({ epoch }) => (epoch === 0 ? 0.01 : 1e38),
      onCheckpoint: (state) => void states.push(state),
    });
    await expect(running).rejects.toMatchObject({ code: 'not-a-number' });
    expect(states.map(({ epoch, step }) => [epoch, step])).toEqual([[1, 0]]);
  });
});

test('a training may be longer than the one it goes on from', async () => {
  const first = await train(toyTrainer(cpuBackend()), data, {
    ...options,
    schedule: constantRate(0.01),
    epochs: 1,
  });
  const longer = await train(toyTrainer(cpuBackend()), data, {
    ...options,
    schedule: constantRate(0.01),
    epochs: 2,
    resume: first.state,
  });
  const whole = await train(toyTrainer(cpuBackend()), data, {
    ...options,
    schedule: constantRate(0.01),
    epochs: 2,
  });
  expect(bitsOf(longer.graph.weights)).toEqual(bitsOf(whole.graph.weights));
});
