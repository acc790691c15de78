import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  batchNorm,
  type Builder,
  createBuilder,
  dropout,
  type Graph,
  linear,
  type Tensor,
  tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, plif } from '@spikeloom/neurons';
import { adam, firingRate, rcs, sgd, tetLoss, type Trainer } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { bitsOf, halves, halvesNetwork, halvesTrainer, registry, steps } from './halves.ts';
import { randomTensor, weight } from './networks.ts';

const cpu = cpuBackend();

describe.each(backends)('on %s', (_, backend) => {
  test.each([
    ['SGD', sgd(), 0.05],
    ['Adam', adam(), 0.02],
  ])('%s makes the loss fall', async (__, optimiser, learningRate) => {
    const trainer = halvesTrainer(backend, { optimiser });
    const metrics = await steps(trainer, halves(40), 40, learningRate);
    trainer.dispose();
    expect(metrics.at(-1)!.loss).toBeLessThan(metrics[0]!.loss / 2);
    expect(metrics.at(-1)!.correct).toBeGreaterThanOrEqual(36);
  });
});

describe('what can be trained', () => {
  const recurrent = (b: Builder, current: Value): Value => {
    const last = b.state('last', { like: current, signal: { kind: 'spike' } });
    const back = b.apply(linear, { x: last, weight: weight(b, 'back', [12, 12], 3) }).out;
    const { spikes } = b.apply(lif, { current: b.add(current, b.mul(back, 0.2)) }, {}, 'lif');
    b.write(last, spikes);
    return spikes;
  };
  const learntTime = (b: Builder, current: Value): Value =>
    b.apply(plif, { current, w: b.param('w', [], { tensor: tensor([0], []) }) }, {}, 'plif').spikes;

  test.each([
    ['a recurrent connection', recurrent, 'back'],
    ['a learnt time constant', learntTime, 'w'],
  ])('%s, with neurons that are written out step by step', async (__, middle, name) => {
    const graph = halvesNetwork(middle);
    const regularisers = [{ regulariser: rcs(), weight: 0.01 }];
    const trainer = halvesTrainer(cpu, { regularisers }, graph);
    const metrics = await steps(trainer, halves(40), 40);
    expect(metrics.at(-1)!.loss).toBeLessThan(metrics[0]!.loss / 2);
    expect(metrics[0]!.firingRate).toBeGreaterThan(0);
    expect(trainer.graph().weights.get(name)).not.toEqual(graph.weights.get(name));
  });

  test('an input that is given for every timestep', async () => {
    const { inputs, labels } = halves(6);
    const held = halvesTrainer(cpu);
    const given = halvesTrainer(cpu, { sequences: ['x'] });
    const x = tensor(Array.from({ length: 3 }, () => [...inputs.x.data]).flat(), [18, 8]);
    const wanted = await held.gradients(inputs, labels);
    const found = await given.gradients({ x }, labels);
    for (const [name, { data }] of wanted) {
      for (const [index, part] of data.entries())
        expect(found.get(name)!.data[index]).toBeCloseTo(part, 6);
    }
    const { samples } = await given.step({ x }, labels, { learningRate: 0.1 });
    expect(samples).toBe(6);
  });

  test('inputs of which some are the same for all samples', async () => {
    const b = createBuilder();
    const gain = b.input('gain', [8]);
    const x = b.mul(b.input('x', ['N', 8]), gain);
    b.output('logits', b.apply(linear, { x, weight: weight(b, 'w', [2, 8]) }).out);
    const trainer = halvesTrainer(cpu, { timesteps: 1 }, b.build());
    const { inputs, labels } = halves(5);
    const given = { gain: randomTensor([8], 2), ...inputs };
    const { samples } = await trainer.step(given, labels, { learningRate: 0.1 });
    expect(samples).toBe(5);
  });

  test('one of several outputs', async () => {
    const b = createBuilder();
    const x = b.input('x', ['N', 8]);
    const { out } = b.apply(linear, { x, weight: weight(b, 'w', [2, 8]) });
    b.output('logits', out);
    b.output('hidden', x);
    const trainer = halvesTrainer(cpu, { output: 'logits' }, b.build());
    const metrics = await steps(trainer, halves(20), 10);
    expect(metrics.at(-1)!.loss).toBeLessThan(metrics[0]!.loss);
  });
});

describe('a step', () => {
  test('tells the loss, its parts, right samples and the firing rate', async () => {
    const graph = halvesNetwork();
    const { inputs, labels } = halves(10);
    const trainer = halvesTrainer(
      cpu,
      { regularisers: [{ regulariser: firingRate({ target: 0.1 }), weight: 0.5 }] },
      graph,
    );
    const program = await cpu.compile(graph, { registry });
    const rates: number[] = [];
    const observe = ({ value: { data } }: { value: Tensor }): void => void rates.push(...data);
    const taps = [{ at: 'lif', observe }];
    const { logits } = await program.run(inputs, { timesteps: 3, taps });
    const rate = rates.reduce((sum, spike) => sum + spike) / rates.length;
    const mean = (row: number, index: number): number =>
      [0, 1, 2].reduce((sum, t) => sum + logits!.data[(t * 10 + row) * 2 + index]!, 0) / 3;
    const pairs = labels.map((label, row) => [mean(row, label), mean(row, 1 - label)] as const);
    const entropy = pairs.reduce((sum, [own, other]) => sum + Math.log1p(Math.exp(other - own)), 0);

    const metrics = await trainer.step(inputs, labels, { learningRate: 0.1 });
    expect(metrics.taskLoss).toBeCloseTo(entropy / 10, 5);
    expect(metrics.regularisers['spikeloom/firing-rate']).toBeCloseTo(Math.abs(rate - 0.1), 6);
    expect(metrics.loss).toBeCloseTo(entropy / 10 + 0.5 * Math.abs(rate - 0.1), 5);
    expect(metrics.correct).toBe(pairs.filter(([own, other]) => own >= other).length);
    expect(metrics.firingRate).toBeCloseTo(rate, 6);
    expect(metrics.samples).toBe(10);
  });

  test('takes distributions for labels', async () => {
    const { inputs, labels } = halves(10);
    const rows = (right: number): Tensor =>
      tensor(
        labels.flatMap((label) => (label === 0 ? [right, 1 - right] : [1 - right, right])),
        [10, 2],
      );
    const options = { learningRate: 0.1 };
    const byLabels = await halvesTrainer(cpu).step(inputs, labels, options);
    expect(await halvesTrainer(cpu).step(inputs, rows(1), options)).toEqual(byLabels);
    const smooth = await halvesTrainer(cpu).step(inputs, rows(0.9), options);
    expect(smooth.correct).toBe(byLabels.correct);
    expect(smooth.loss).not.toBe(byLabels.loss);
  });

  test('counts only samples that have a target', async () => {
    const { inputs, labels } = halves(10);
    const whole = labels.flatMap((label) => [1 - label, label]);
    const some = tensor([...whole.slice(0, 12), ...Array.from({ length: 8 }, () => 0)], [10, 2]);
    const options = { learningRate: 0 };
    const trainer = halvesTrainer(cpu);
    const all = await trainer.step(inputs, labels, options);
    const part = await trainer.step(inputs, some, options);
    const rows = (start: number, end: number): Tensor => {
      const { shape, data } = inputs.x;
      const width = data.length / shape[0]!;
      return tensor(data.slice(start * width, end * width), [end - start, ...shape.slice(1)]);
    };
    const known = await trainer.step({ x: rows(0, 6) }, labels.slice(0, 6), options);
    expect([all.samples, part.samples]).toEqual([10, 6]);
    expect(part.correct).toBe(known.correct);
  });

  test('shortens gradients that are longer than clipNorm, and no others', async () => {
    const { inputs, labels } = halves(10);
    const optimiser = sgd({ momentum: 0 });
    const gradients = await halvesTrainer(cpu).gradients(inputs, labels);
    const parts = [...gradients.values()].flatMap(({ data }) => [...data]);
    const length = Math.hypot(...parts);
    for (const clipNorm of [length / 4, length * 4]) {
      const graph = halvesNetwork();
      const trainer = halvesTrainer(cpu, { optimiser, clipNorm }, graph);
      await trainer.step(inputs, labels, { learningRate: 1 });
      const scale = Math.min(clipNorm / length, 1);
      for (const [name, { data }] of trainer.graph().weights) {
        for (const [index, weightNow] of data.entries()) {
          const wanted =
            graph.weights.get(name)!.data[index]! - scale * gradients.get(name)!.data[index]!;
          expect(weightNow).toBeCloseTo(wanted, 5);
        }
      }
    }
  });

  test('leaves alone what is not trainable, and the graph it was given', async () => {
    const graph = normalisedNetwork();
    const before = bitsOf(graph.weights);
    const trainer = halvesTrainer(cpu, {}, graph);
    await steps(trainer, halves(20), 2);
    const after = bitsOf(trainer.graph().weights);
    expect(bitsOf(graph.weights)).toEqual(before);
    const changed = Object.keys(after).filter(
      (name) => after[name]!.join() !== before[name]!.join(),
    );
    expect(changed.toSorted()).toEqual(['fc1.weight', 'fc2.weight', 'mean', 'scale', 'variance']);
    expect([...trainer.state().slots.keys()].toSorted()).toEqual([
      'momentum/fc1.weight',
      'momentum/fc2.weight',
      'momentum/scale',
    ]);
  });

  test('gives the gradients it would use, changing nothing', async () => {
    const { inputs, labels } = halves(10);
    const trainer = halvesTrainer(cpu, { optimiser: sgd({ momentum: 0 }) });
    const before = trainer.state();
    const gradients = await trainer.gradients(inputs, labels);
    expect(trainer.state()).toEqual(before);
    await trainer.step(inputs, labels, { learningRate: 0.5 });
    for (const [name, { data }] of trainer.graph().weights) {
      for (const [index, now] of data.entries()) {
        const wanted =
          before.weights.get(name)!.data[index]! - 0.5 * gradients.get(name)!.data[index]!;
        expect(now).toBeCloseTo(wanted, 6);
      }
    }
  });

  test('works with batches of different sizes in a row', async () => {
    const trainer = halvesTrainer(cpu);
    for (const [index, size] of [8, 5, 8, 1, 5].entries()) {
      const fresh = halvesTrainer(cpu);
      fresh.restore(trainer.state());
      const { inputs, labels } = halves(size, index + 1);
      const options = { learningRate: 0.1 };
      const metrics = await trainer.step(inputs, labels, options);
      expect(metrics.samples).toBe(size);
      expect(await fresh.step(inputs, labels, options)).toEqual(metrics);
      expect(bitsOf(fresh.graph().weights)).toEqual(bitsOf(trainer.graph().weights));
    }
  });
});

describe.each(backends)('a trainer on %s', (_, backend) => {
  test('goes on from the state of another one, to the bit', async () => {
    const make = (): Trainer =>
      halvesTrainer(
        backend,
        { optimiser: adam({ weightDecay: 0.01 }), loss: tetLoss(), seed: 3, clipNorm: 1 },
        normalisedNetwork(),
      );
    const [whole, first, second] = [make(), make(), make()];
    const batch = halves(12);
    const wanted = await steps(whole, batch, 6);
    await steps(first, batch, 3);
    second.restore(first.state());
    expect(await steps(second, batch, 3)).toEqual(wanted.slice(3));
    expect(bitsOf(second.state().weights)).toEqual(bitsOf(whole.state().weights));
    expect(bitsOf(second.state().slots)).toEqual(bitsOf(whole.state().slots));
    expect(second.state().iteration).toBe(6);
    // What was copied stays what it was.
    expect(first.state().iteration).toBe(3);
    expect(bitsOf(first.state().weights)).not.toEqual(bitsOf(whole.state().weights));
    for (const trainer of [whole, first, second]) trainer.dispose();
  });
});

/** With statistics, dropout and a weight that is not trainable. */
function normalisedNetwork(): Graph {
  return halvesNetwork((b, current) => {
    const vector = (value: number): Tensor => tensor(Array.from({ length: 12 }, () => value));
    const { out } = b.apply(batchNorm, {
      x: current,
      weight: b.param('scale', [12], { tensor: vector(1) }),
      bias: b.param('shift', [12], { tensor: vector(0.5), trainable: false }),
      mean: b.buffer('mean', [12], { tensor: vector(0) }),
      variance: b.buffer('variance', [12], { tensor: vector(1) }),
    });
    const { spikes } = b.apply(lif, { current: out }, {}, 'lif');
    return b.apply(dropout, { x: spikes, key: 0 }, { rate: 0.2 }, 'dropout').out;
  });
}
