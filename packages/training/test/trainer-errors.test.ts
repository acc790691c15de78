import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  createBuilder,
  createRegistry,
  type Graph,
  linear,
  relu,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import {
  adam,
  firingRate,
  meanOutputLoss,
  rcs,
  rcsActivation,
  sgd,
  tetLoss,
  type Trainer,
  type TrainerOptions,
} from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { bitsOf, halves, halvesNetwork, halvesTrainer, steps } from './halves.ts';
import { weight } from './networks.ts';

const backend = cpuBackend();
const { inputs, labels } = halves(4);
const learningRate = 0.1;

function error(parts: Readonly<Record<string, unknown>>): Error {
  return expect.objectContaining(parts) as Error;
}

/** A network whose output is something made of `[N, 8]`. */
function networkOf(build: (x: Value, b: ReturnType<typeof createBuilder>) => Value): Graph {
  const b = createBuilder();
  const x = b.input('x', ['N', 8]);
  b.output('logits', build(b.mul(x, weight(b, 'w', [8])), b));
  return b.build();
}

describe('createTrainer refuses', () => {
  const plain = halvesNetwork();
  const two = createBuilder();
  two.output('a', two.input('x', ['N', 2]));
  two.output('b', two.input('y', ['N', 2]));

  test.each<[string, Partial<TrainerOptions>, Graph, Readonly<Record<string, unknown>>]>([
    ['no timesteps', { timesteps: 0 }, plain, { code: 'invalid-timesteps', got: '0' }],
    ['half a timestep', { timesteps: 1.5 }, plain, { code: 'invalid-timesteps', got: '1.5' }],
    [
      'a weight without a tensor',
      {},
      { ...plain, weights: new Map() },
      { code: 'missing-weight', path: 'fc1.weight' },
    ],
    [
      'to choose between outputs',
      {},
      two.build(),
      { code: 'invalid-argument', expected: 'output: one of a, b' },
    ],
    ['an output there is not', { output: 'c' }, two.build(), { code: 'unknown-value', got: 'c' }],
    [
      'a sequence there is not',
      { sequences: ['image'] },
      plain,
      { code: 'unknown-input', got: 'image', expected: 'sequences: some of x' },
    ],
    ['gradients of no length', { clipNorm: 0 }, plain, { code: 'invalid-argument', got: '0' }],
    [
      'a length that is not a number',
      { clipNorm: Number.NaN },
      plain,
      { code: 'invalid-argument', got: 'NaN' },
    ],
  ])('%s', (_, options, graph, parts) => {
    expect(() => halvesTrainer(backend, options, graph)).toThrow(error(parts));
  });
});

describe('a step refuses', () => {
  const cut = (rows: number): Tensor => tensor(inputs.x.data.slice(0, rows * 8), [rows, 8]);

  test.each<
    [
      string,
      Readonly<Record<string, Tensor>>,
      ArrayLike<number> | Tensor,
      Readonly<Record<string, unknown>>,
    ]
  >([
    [
      'a label that is no class',
      inputs,
      [0, 1, 2, 0],
      { code: 'invalid-argument', path: 'target[2]', expected: '0 to 1', got: '2' },
    ],
    ['a label below 0', inputs, [0, -1, 1, 0], { code: 'invalid-argument', path: 'target[1]' }],
    ['half a label', inputs, [0.5, 1, 1, 0], { code: 'invalid-argument', path: 'target[0]' }],
    [
      'too few labels',
      inputs,
      [0, 1, 1],
      { code: 'shape-mismatch', path: 'target', expected: '4', got: '3' },
    ],
    ['too many labels', inputs, [0, 1, 1, 0, 0], { code: 'shape-mismatch', path: 'target' }],
    [
      'a distribution of another shape',
      inputs,
      tensor(new Float32Array(12), [4, 3]),
      { code: 'shape-mismatch', path: 'training.target' },
    ],
    ['an empty batch', { x: tensor([], [0, 8]) }, [], { code: 'empty-batch', path: 'x' }],
    ['no inputs', {}, labels, { code: 'empty-batch', path: 'inputs' }],
    ['an input too many', { ...inputs, y: inputs.x }, labels, { code: 'unknown-input', path: 'y' }],
    [
      'data of another width',
      { x: tensor(new Float32Array(28), [4, 7]) },
      labels,
      { code: 'shape-mismatch', path: 'x' },
    ],
    [
      'data that are not numbers',
      {
        x: tensor(
          cut(4).data.map(() => Number.NaN),
          [4, 8],
        ),
      },
      labels,
      { code: 'not-a-number', path: 'x' },
    ],
  ])('%s', async (_, given, target, parts) => {
    const trainer = halvesTrainer(backend);
    await expect(trainer.step(given, target, { learningRate })).rejects.toThrow(error(parts));
    await expect(trainer.gradients(given, target)).rejects.toThrow(error(parts));
    expect(trainer.state().iteration).toBe(0);
  });

  test('a sequence that is not a whole number of timesteps long', async () => {
    const trainer = halvesTrainer(backend, { sequences: ['x'] });
    await expect(trainer.step(inputs, labels, { learningRate })).rejects.toThrow(
      error({ code: 'shape-mismatch', path: 'x', expected: '[T * N, …]', got: '4 rows' }),
    );
  });

  test('a learning rate that is not a number', async () => {
    const trainer = halvesTrainer(backend);
    await expect(trainer.step(inputs, labels, { learningRate: Number.NaN })).rejects.toThrow(
      error({ code: 'not-a-number' }),
    );
    expect(trainer.state().iteration).toBe(0);
  });

  test.each<[string, Graph]>([
    ['one number per sample', networkOf((x, b) => b.sum(x, [1]))],
    ['an image per sample', networkOf((x, b) => b.reshape(x, ['N', 2, 4]))],
    ['the same for all samples', networkOf((x, b) => b.sum(x, [0]))],
  ])('logits that are %s', async (_, graph) => {
    const trainer = halvesTrainer(backend, {}, graph);
    await expect(trainer.step(inputs, labels, { learningRate })).rejects.toThrow(
      error({ code: 'shape-mismatch', path: 'logits', expected: '[N, classes]' }),
    );
  });

  test.each<[string, Partial<TrainerOptions>, string]>([
    ['rcs without neurons', { regularisers: [{ regulariser: rcs(), weight: 1 }] }, 'regulariser'],
    [
      'rcsActivation without activations',
      { timesteps: 1, regularisers: [{ regulariser: rcsActivation(), weight: 1 }] },
      'regulariser',
    ],
    [
      'rcsActivation over time',
      { timesteps: 2, regularisers: [{ regulariser: rcsActivation(), weight: 1 }] },
      'rcsActivation',
    ],
    [
      'a firing rate without neurons',
      { regularisers: [{ regulariser: firingRate(), weight: 1 }] },
      'firingRate',
    ],
  ])('%s', async (_, options, path) => {
    const graph = halvesNetwork((b, current) => b.tanh(current));
    const trainer = halvesTrainer(backend, options, graph);
    await expect(trainer.step(inputs, labels, { learningRate })).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: expect.stringContaining(path) as string,
      }),
    );
    // What was never compiled can be disposed of.
    trainer.dispose();
  });

  test('an operator without a gradient rule, saying which', async () => {
    const { lower: _, ...rest } = relu;
    const opaque = { ...rest, id: 'test/opaque' };
    const registry = createRegistry([
      neurons,
      ...halvesTrainer(backend).options.registry.plugins.slice(1),
      { id: 'test/plugin', apiVersion: 1, operators: [opaque] },
    ]);
    const graph = halvesNetwork((b, current) => b.apply(opaque, { x: current }, {}, 'act').out);
    const trainer = halvesTrainer(backend, { registry }, graph);
    await expect(trainer.step(inputs, labels, { learningRate })).rejects.toThrow(
      error({ code: 'unsupported-operator' }),
    );
  });
});

describe('after a step that failed, a trainer is as it was', () => {
  const failing: readonly (readonly [string, (trainer: Trainer) => Promise<unknown>, string])[] = [
    [
      'because the loss is not finite',
      (trainer) =>
        trainer.step({ x: tensor(new Float32Array(32).fill(3e38), [4, 8]) }, labels, {
          learningRate,
        }),
      'not-a-number',
    ],
    [
      'because it was cancelled',
      (trainer) => trainer.step(inputs, labels, { learningRate, signal: AbortSignal.abort() }),
      'aborted',
    ],
    [
      'because of a wrong label',
      (trainer) => trainer.step(inputs, [9, 9, 9, 9], { learningRate }),
      'invalid-argument',
    ],
  ];

  test.each(failing)('%s', async (_, fail, code) => {
    const graph = halvesNetwork((b, x) => b.apply(relu, { x }).out);
    const make = (): Trainer => halvesTrainer(backend, { optimiser: adam() }, graph);
    const [trainer, spared] = [make(), make()];
    await steps(trainer, { inputs, labels }, 2);
    await steps(spared, { inputs, labels }, 2);
    await expect(fail(trainer)).rejects.toThrow(error({ code }));
    expect(trainer.state()).toEqual(spared.state());
    expect(await steps(trainer, { inputs, labels }, 2)).toEqual(
      await steps(spared, { inputs, labels }, 2),
    );
    expect(bitsOf(trainer.graph().weights)).toEqual(bitsOf(spared.graph().weights));
  });

  test('because a gradient is not a number although the loss is one', async () => {
    const b = createBuilder();
    const zero = b.param('zero', [8], { tensor: tensor(new Float32Array(8)) });
    const x = b.mul(b.input('x', ['N', 8]), b.add(b.sqrt(b.mul(zero, zero)), 1));
    b.output('logits', b.apply(linear, { x, weight: weight(b, 'w', [2, 8]) }).out);
    const trainer = halvesTrainer(backend, { timesteps: 1 }, b.build());
    const before = trainer.state();
    await expect(trainer.step(inputs, labels, { learningRate })).rejects.toThrow(
      error({ code: 'not-a-number', path: 'step 1' }),
    );
    expect(trainer.state()).toEqual(before);
  });
});

describe('restore refuses', () => {
  const state = async (trainer: Trainer) => {
    await steps(trainer, { inputs, labels }, 1);
    return trainer.state();
  };

  test('weights of another network, changing nothing', async () => {
    const foreign = await state(
      halvesTrainer(
        backend,
        {},
        networkOf((x) => x),
      ),
    );
    const trainer = halvesTrainer(backend);
    const before = trainer.state();
    expect(() => trainer.restore(foreign)).toThrow(
      error({ code: 'checkpoint-mismatch', path: 'fc1.weight', got: 'nothing' }),
    );
    const own = await state(halvesTrainer(backend));
    const weights = new Map(own.weights).set('fc1.weight', tensor([1, 2]));
    expect(() => trainer.restore({ ...own, weights })).toThrow(
      error({ code: 'checkpoint-mismatch', path: 'fc1.weight', expected: '[12, 8]', got: '[2]' }),
    );
    expect(trainer.state()).toEqual(before);
  });

  test('what another optimiser remembers', async () => {
    const ofSgd = await state(halvesTrainer(backend, { optimiser: sgd() }));
    const trainer = halvesTrainer(backend, { optimiser: adam() });
    expect(() => trainer.restore(ofSgd)).toThrow(
      error({ code: 'checkpoint-mismatch', path: 'momentum/fc1.weight' }),
    );
    const ofAdam = await state(halvesTrainer(backend, { optimiser: adam() }));
    const slots = new Map(ofAdam.slots).set('mean/fc2.weight', tensor([1]));
    expect(() => trainer.restore({ ...ofAdam, slots })).toThrow(
      error({ code: 'checkpoint-mismatch', path: 'mean/fc2.weight', expected: '[2, 12]' }),
    );
    expect(trainer.state().iteration).toBe(0);
  });
});

test.each([
  [() => tetLoss({ weight: 1.5 }), 'tetLoss'],
  [() => tetLoss({ weight: Number.NaN }), 'tetLoss'],
  [() => rcs({ correctShare: -0.1 }), 'rcs'],
  [() => rcs({ desiredShare: 2 }), 'rcs'],
  [() => firingRate({ target: 1.1 }), 'firingRate'],
])('%s is refused', (make, path) => {
  expect(make).toThrow(error({ code: 'invalid-argument', path }));
});

test('the mean loss is what a TET loss without weight is at one timestep', async () => {
  const graph = halvesNetwork((b, current) => b.tanh(current));
  const of = (loss: TrainerOptions['loss']) =>
    halvesTrainer(backend, { timesteps: 1, loss }, graph).step(inputs, labels, { learningRate });
  expect(await of(tetLoss({ weight: 0 }))).toEqual(await of(meanOutputLoss()));
});
