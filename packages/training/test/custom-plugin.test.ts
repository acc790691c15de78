import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  anyReal,
  createRegistry,
  defineOp,
  definePlugin,
  type Plugin,
  realType,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { neurons } from '@spikeloom/neurons';
import {
  folded,
  type Loss,
  type Regulariser,
  rule,
  timelineOf,
  type Trainer,
  type TrainerOptions,
  training,
  type TrainingForm,
} from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { halves, halvesNetwork, halvesTrainer } from './halves.ts';

const { inputs, labels } = halves(6);

/** Passes values on; what training makes of it is the plugin's choice. */
const gate = defineOp({
  id: 'test/gate',
  version: 1,
  summary: 'Passes its input on.',
  inputs: { x: anyReal, level: anyReal },
  attributes: {},
  outputs: ({ x }) => ({ out: realType(x.shape) }),
  lower: (b, { x }) => ({ out: b.identity(x) }),
  examples: [{ inputs: { x: { shape: [3] }, level: { shape: [] } } }],
});

function trainerWith(
  contributions: Partial<Plugin>,
  options: Partial<TrainerOptions> = {},
): Trainer {
  const plugin = definePlugin({
    id: 'test/plugin',
    apiVersion: 1,
    operators: [gate],
    ...contributions,
  });
  const graph = halvesNetwork((b, current) => {
    const x = b.tanh(current, 'hidden');
    return b.apply(gate, { x, level: b.buffer('level', [], { tensor: one(0) }) }, {}, 'gate').out;
  });
  const registry = createRegistry([neurons, training, plugin]);
  return halvesTrainer(cpuBackend(), { registry, timesteps: 2, ...options }, graph);
}

function one(value: number): Tensor {
  return { shape: [], dtype: 'float32', data: Float32Array.of(value) };
}

async function firstWeight(trainer: Trainer): Promise<number[]> {
  return [...(await trainer.gradients(inputs, labels)).get('fc1.weight')!.data];
}

describe('a plugin may bring', () => {
  test('a gradient rule', async () => {
    const reversed = rule(gate.id, (b, g) => ({ x: b.mul(g, -3) }));
    const plain = await firstWeight(trainerWith({}));
    const found = await firstWeight(trainerWith({ gradients: [reversed] }));
    expect(plain.some((part) => part !== 0)).toBe(true);
    for (const [index, part] of plain.entries()) expect(found[index]).toBeCloseTo(-3 * part, 5);
  });

  test('a gradient rule in place of one of ours', async () => {
    const stopped = rule('spikeloom/tanh', () => ({}));
    const found = await firstWeight(trainerWith({ gradients: [stopped] }));
    expect(new Set(found.map(Math.abs))).toEqual(new Set([0]));
  });

  test('a training form, with statistics of its own and values for regularisers', async () => {
    const form: TrainingForm = {
      op: gate.id,
      build(b, call) {
        const x = call.folding.fold(timelineOf(call, 'x'));
        const level = call.folding.at(timelineOf(call, 'level'), 0);
        return {
          outputs: { out: folded(b.mul(x, 2)) },
          inner: { doubled: folded(b.mul(x, 2)) },
          statistics: { level: b.add(level, b.max(x, [0, 1])) },
        };
      },
    };
    const seen: unknown[] = [];
    const largest: Regulariser = {
      id: 'test/largest',
      build(b, { tap, timesteps }) {
        const doubled = tap('gate.doubled');
        const hidden = tap('hidden');
        seen.push(doubled.type.shape, hidden.type.shape, timesteps);
        return b.sub(b.max(doubled, [0, 1, 2]), b.max(hidden, [0, 1, 2]));
      },
    };
    const trainer = trainerWith(
      { trainingForms: [form] },
      { regularisers: [{ regulariser: largest, weight: 0.25 }] },
    );
    const { loss, taskLoss, regularisers } = await trainer.step(inputs, labels, {
      learningRate: 0,
    });
    expect(seen).toEqual([[2, 6, 12], [2, 6, 12], 2]);
    const term = regularisers['test/largest']!;
    // Twice the largest value less the largest value, which the statistic has seen, too.
    expect(trainer.graph().weights.get('level')!.data[0]).toBeCloseTo(term, 6);
    expect(loss - taskLoss).toBeCloseTo(term / 4, 6);
    await trainer.step(inputs, labels, { learningRate: 0 });
    expect(trainer.graph().weights.get('level')!.data[0]).toBeCloseTo(2 * term, 6);
  });

  test('a loss', async () => {
    const given: Value[] = [];
    const squared: Loss = {
      id: 'test/squared',
      build(b, { logits, target }) {
        given.push(logits, target);
        const distance = b.sub(logits, target);
        return b.mean(b.mul(distance, distance), [0, 1, 2]);
      },
    };
    const trainer = trainerWith({}, { loss: squared });
    const first = await trainer.step(inputs, labels, { learningRate: 0.05 });
    for (let step = 0; step < 20; step++)
      await trainer.step(inputs, labels, { learningRate: 0.05 });
    const last = await trainer.step(inputs, labels, { learningRate: 0.05 });
    expect(given.map(({ type }) => type.shape)).toEqual([
      [2, 6, 2],
      [6, 2],
    ]);
    expect(last.loss).toBeLessThan(first.loss / 2);
  });

  test('a regulariser that looks at what is right', async () => {
    const terms: number[][] = [];
    for (const right of [0, 1]) {
      const counting: Regulariser = {
        id: 'test/right',
        build: (b, { correct }) => b.sum(correct(2), [0]),
      };
      const trainer = trainerWith({}, { regularisers: [{ regulariser: counting, weight: 0 }] });
      const answers = labels.map((label) => (right === 1 ? label : 1 - label));
      const { regularisers, correct } = await trainer.step(inputs, answers, { learningRate: 0 });
      terms.push([regularisers['test/right']!, correct]);
    }
    // Nothing changes over time, so who is right is right at both timesteps; with two classes all others are wrong.
    const [wrong, right] = terms as [number[], number[]];
    expect(right[0]).toBe(right[1]);
    expect(wrong[0]).toBe(wrong[1]);
    expect(right[0]! + wrong[0]!).toBe(labels.length);
  });
});
