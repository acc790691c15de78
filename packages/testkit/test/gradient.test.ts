import { cpuBackend } from '@spikeloom/backend-cpu';
import {
  anyReal,
  type AnyOperator,
  type Builder,
  createRegistry,
  defineOp,
  definePlugin,
  type Plugin,
  primitives,
  realType,
  spikeType,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons, qcfs } from '@spikeloom/neurons';
import type { KernelCall, PluginKernel } from '@spikeloom/runtime';
import { gradientCases } from '@spikeloom/testkit';
import { type GradientRule, inputOf, rule, training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';

const { tanh, mul } = primitives;

function casesWith(op: AnyOperator, contributions: Partial<Plugin> = {}) {
  const plugin = definePlugin({ id: 'test/plugin', apiVersion: 1, ...contributions });
  return gradientCases(cpuBackend(), [op], createRegistry([neurons, training, plugin]));
}

/** Runs every case; what the first one that fails says. */
async function firstFailure(op: AnyOperator, contributions: Partial<Plugin>): Promise<string> {
  for (const { name, run } of casesWith(op, contributions)) {
    try {
      await run();
    } catch (error) {
      return `${name}: ${(error as Error).message}`;
    }
  }
  return 'all passed';
}

/** Three inputs' worth of arithmetic, with memory. */
const smoothed = defineOp({
  id: 'test/smoothed',
  version: 1,
  summary: 'A running mean of a product, weighted by the timestep.',
  inputs: { x: anyReal, gain: anyReal },
  attributes: {},
  outputs: ({ x }) => ({ out: realType(x.shape), sum: realType(x.shape) }),
  lower(b, { x, gain }) {
    const sum = b.state('sum', { like: x });
    const total = b.add(sum, b.mul(b.tanh(x), gain));
    b.write(sum, total);
    return { out: b.div(total, b.add(b.step(), 1)), sum };
  },
  examples: [{ inputs: { x: { shape: [2, 3] }, gain: { shape: [] } }, timesteps: 3 }],
});

/** A neuron without memory, so that it may have a gradient rule. */
const fires = defineOp({
  id: 'test/fires',
  version: 1,
  summary: 'Fires above 1.',
  inputs: { x: anyReal },
  attributes: {},
  outputs: ({ x }) => ({ out: spikeType(x.shape) }),
  lower: (b, { x }) => ({ out: b.spike(b.sub(x, 1), { kind: 'triangle', width: 1 }) }),
  examples: [{ inputs: { x: { shape: [4, 5] } } }],
});

/** `max(0, 1 - |x - 1|)`, times something. */
function triangle(b: Builder, x: Value, g: Value, factor: number): Value {
  const height = b.maximum(b.sub(1, b.abs(b.sub(x, 1))), 0);
  return b.mul(g, b.mul(height, factor));
}

describe('gradientCases', () => {
  test('passes rules that are right', async () => {
    for (const op of [tanh, mul, smoothed, lif, qcfs]) {
      const operators = [smoothed];
      expect(casesWith(op, { operators })).toHaveLength(op.examples.length);
      expect(await firstFailure(op, { operators })).toBe('all passed');
    }
    const right = rule(fires.id, (b, g, call) => ({ x: triangle(b, inputOf(call, 'x'), g, 1) }));
    expect(await firstFailure(fires, { operators: [fires], gradients: [right] })).toBe(
      'all passed',
    );
  });

  test.each<[string, AnyOperator, GradientRule, RegExp]>([
    [
      'wrong by a factor',
      tanh,
      rule(tanh.id, (b, g, { outputs: { out } }) => ({
        x: b.mul(g, b.mul(b.sub(1, b.mul(out!, out!)), 1.01)),
      })),
      /gradient of spikeloom\/tanh, example 1: gradient of x_0: element 0/,
    ],
    [
      'wrong at one element',
      tanh,
      rule(tanh.id, (b, g, { outputs: { out } }) => {
        const [rows, columns] = g.type.shape as [number, number];
        const flat = b.reshape(b.mul(g, b.sub(1, b.mul(out!, out!))), [-1]);
        const cut = b.pad(b.slice(flat, 0, 0, rows * columns - 1), 0, 0, 1);
        return { x: b.reshape(cut, [rows, columns]) };
      }),
      /gradient of x_0: element 9 is 0, expected/,
    ],
    [
      'silent about an input',
      mul,
      rule(mul.id, (b, g, call) => ({ a: b.mul(g, inputOf(call, 'b')) })),
      /example 1: gradient of b_0: element 0 is 0, expected/,
    ],
    [
      'right until an operand is repeated',
      mul,
      rule(mul.id, (b, g, call) => {
        const [first, second] = [inputOf(call, 'a'), inputOf(call, 'b')];
        const same = first.type.shape.join() === second.type.shape.join();
        const byB = b.mul(g, first);
        return {
          a: b.mul(g, second),
          b: same ? byB : b.broadcastTo(b.mean(byB, [0, 1, 2]), second.type.shape),
        };
      }),
      /example 2: gradient of b_0: element 0/,
    ],
    [
      'not a number',
      tanh,
      rule(tanh.id, (b, g) => ({ x: b.div(b.sub(g, g), b.sub(g, g)) })),
      /gradient of x_0: element 0 is NaN/,
    ],
    [
      'wrong inside an operator with memory',
      smoothed,
      rule(tanh.id, (_, g) => ({ x: g })),
      /gradient of test\/smoothed, example 1: gradient of x_0/,
    ],
    [
      'another one than that of the lowering, where spikes have no slope',
      fires,
      rule(fires.id, (b, g, call) => ({ x: triangle(b, inputOf(call, 'x'), g, 1.001) })),
      /gradient of test\/fires, example 1: gradient of x_0: element/,
    ],
  ])('rejects a rule that is %s, saying where', async (_, op, wrong, message) => {
    const operators = [smoothed, fires];
    expect(await firstFailure(op, { operators, gradients: [wrong] })).toMatch(message);
  });

  test('rejects a backend whose kernel makes the gradient wrong', async () => {
    // The rule of tanh reads its output.
    const wrong: PluginKernel = {
      op: tanh.id,
      backend: 'cpu',
      run: ({ inputs }: KernelCall<unknown>) => ({ out: inputs['x'] }),
    };
    expect(await firstFailure(tanh, { kernels: [wrong] })).toMatch(/gradient of x_0: element/);
  });

  test('rejects a primitive without a rule', async () => {
    const { lower: _, ...rest } = fires;
    const primitive: AnyOperator = { ...rest, id: 'test/primitive' };
    const run = (call: KernelCall<unknown>) => ({ out: call.inputs['x'] });
    const kernels = [{ op: primitive.id, backend: 'cpu', run }];
    expect(await firstFailure(primitive, { operators: [primitive], kernels })).toMatch(
      /op@0: no gradient rule for test\/primitive/,
    );
  });

  test('rejects examples that lie at kinks, where nothing could be wrong', async () => {
    const bent = defineOp({
      id: 'test/bent',
      version: 1,
      summary: 'Kinks at 0 and at 1.',
      inputs: { x: anyReal },
      attributes: {},
      outputs: ({ x }) => ({ out: realType(x.shape) }),
      lower: (b, { x }) => ({ out: b.mul(b.abs(x), b.abs(b.sub(x, 1))) }),
      examples: [{ inputs: { x: { shape: [3, 4], fill: 'spikes' } } }],
    });
    expect(await firstFailure(bent, { operators: [bent] })).toMatch(
      '12 of 12 elements lie at kinks',
    );
  });

  test('has one case for every example with numbers to differentiate', () => {
    const operators = Object.values(primitives);
    const registry = createRegistry();
    const names = gradientCases(cpuBackend(), operators, registry).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const covered = new Set(names.map((name) => /of spikeloom\/([\w-]+),/.exec(name)![1]));
    const left = operators
      .map(({ id }) => id.slice('spikeloom/'.length))
      .filter((id) => !covered.has(id));
    expect(left.toSorted()).toEqual(
      [
        // Nothing to differentiate: no inputs, or no numbers.
        ['buffer', 'constant', 'input', 'param', 'state', 'step', 'write'],
        ['cast', 'equal', 'greater', 'greater-equal'],
        // The derivative is a definition.
        ['floor', 'quantize-levels', 'spike', 'stop-gradient'],
      ]
        .flat()
        .toSorted(),
    );
  });
});
