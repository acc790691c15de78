import { attention } from '@spikeloom/attention';
import {
  createBuilder,
  createRegistry,
  type Graph,
  isSpikeloomError,
  type Value,
} from '@spikeloom/ir';
import {
  dualSpikeBlock,
  groupWiseFeedForward,
  loadWeights,
  spikingDownsample,
} from '@spikeloom/models';
import { neurons } from '@spikeloom/neurons';
import { traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backPropagate, relativeDistance } from '../../attention/test/back-propagate.ts';
import { type Golden, openGolden, stepsOf } from '../../attention/test/golden.ts';
import { backends } from './backends.ts';

const registry = createRegistry([attention, neurons, training]);
const numbers = { absolute: 1e-5, relative: 1e-5 };
const tau = 2;

type Build = (b: ReturnType<typeof createBuilder>, x: Value) => Value;

const cases: readonly (readonly [string, Build])[] = [
  [
    'gwffn_c8_r4_g16',
    (b, x) =>
      groupWiseFeedForward(b, 'block', x, {
        ratio: 4,
        groupSize: 16,
        convolutions: 1,
        neuron: 'lif',
        tau,
      }),
  ],
  [
    'gwffn_c4_r4_g8_2conv',
    (b, x) =>
      groupWiseFeedForward(b, 'block', x, {
        ratio: 4,
        groupSize: 8,
        convolutions: 2,
        neuron: 'plif',
        tau,
      }),
  ],
  [
    'downsample_6_10_hw7',
    (b, x) => spikingDownsample(b, 'block', x, { channels: 10, neuron: 'lif', tau }),
  ],
];

describe.each(backends)('a block of the reference code on %s', (_, backend) => {
  describe.each(cases)('%s', (file, build) => {
    const golden = openGolden(file, new URL('golden/', import.meta.url));

    test('in training: values, gradients, statistics', async () => {
      const recorded = refsOf(golden, 'train0');
      const { values, gradients, statistics } = await backPropagate(
        blockGraph(golden, build, 'init.'),
        {
          backend,
          registry,
          inputs: { x: golden.tensor('train0.x') },
          upstream: golden.tensor('train0.grad_y'),
          refs: recorded.map(([, at]) => at),
        },
      );
      for (const [name, at] of recorded) expectSame(golden, `train0.${name}`, values.get(at)!);
      expectSame(golden, 'train0.y', values.get('y')!);
      const sentBack = golden.names.filter((name) => /^train0\.grad[._](?!y)/.test(name));
      expect(gradients.size).toBe(sentBack.length);
      for (const [name, gradient] of gradients) {
        const at = name === 'x' ? 'train0.grad_x' : `train0.grad.${withoutBlock(name)}`;
        expect(relativeDistance(gradient, golden.tensor(at)), at).toBeLessThan(1e-4);
      }
      const moved = golden.names.filter(
        (name) => name.startsWith('train0.buf.') && !name.endsWith('num_batches_tracked'),
      );
      expect(statistics.size).toBe(moved.length);
      for (const [name, found] of statistics)
        expectSame(golden, `train0.buf.${withoutBlock(name)}`, found);
    });

    test('in inference, with the statistics that training left', async () => {
      const recorded = refsOf(golden, 'eval');
      const paths = recorded.map(([, at]) => at);
      const program = await backend.compile(blockGraph(golden, build, 'train0.buf.'), {
        registry,
        expose: paths,
      });
      const seen = traces(paths);
      const x = stepsOf(golden.tensor('eval.x'));
      const { y } = await program.run({ x }, { timesteps: x.length, taps: seen.taps });
      program.dispose();
      expectSame(golden, 'eval.y', y!);
      for (const [name, at] of recorded) expectSame(golden, `eval.${name}`, seen.read().get(at)!);
    });
  });
});

test('patches that do not fill the map are refused, with the block named', () => {
  const b = createBuilder();
  const x = b.input('x', ['N', 4, 6, 6]);
  const build = (): Value =>
    dualSpikeBlock(b, 'layers.0.0', x, { heads: 1, patch: 4, neuron: 'lif', tau });
  expect(build).toThrow(expect.objectContaining({ code: 'invalid-argument', path: 'layers.0.0' }));
  const wide = (): Value =>
    groupWiseFeedForward(b, 'layers.0.1', x, {
      ratio: 4,
      groupSize: 5,
      convolutions: 1,
      neuron: 'lif',
      tau,
    });
  expect(wide).toThrow(expect.toSatisfy(isSpikeloomError));
});

/** The block alone, with the recorded weights, and statistics under a prefix. */
function blockGraph(golden: Golden, build: Build, statistics: string): Graph {
  const b = createBuilder();
  const x = b.input('x', ['N', ...golden.tensor('eval.x').shape.slice(2)]);
  b.output('y', build(b, x));
  const tensors = new Map(
    golden.names
      .filter((name) => name.startsWith('init.'))
      .map((name) => {
        const short = name.slice('init.'.length);
        const moved = `${statistics}${short}`;
        return [`block.${short}`, golden.tensor(golden.names.includes(moved) ? moved : name)];
      }),
  );
  return loadWeights(b.build(), tensors, { ignore: ['*.num_batches_tracked'] });
}

/** Values of the reference's modules that were recorded in a call, and where they are in the block. */
function refsOf(golden: Golden, call: string): (readonly [string, string])[] {
  return golden.names.flatMap((full) => {
    const [, name] = new RegExp(String.raw`^${call}\.(.+\.out)$`).exec(full) ?? [];
    if (name === undefined) return [];
    const path = name.slice(0, -'.out'.length);
    const isNeuron = /(?:^|\.)(?:0|activation)$/.test(path);
    return [[name, `block.${path}${isNeuron ? '.spikes' : ''}`] as const];
  });
}

/** Spikes exactly, numbers up to rounding. */
function expectSame(golden: Golden, name: string, actual: Parameters<typeof expectClose>[1]): void {
  const expected = golden.tensor(name);
  const isSpikes = expected.data.every((value) => value === 0 || value === 1);
  expectClose(name, actual, expected, isSpikes ? { absolute: 0, relative: 0 } : numbers);
}

function withoutBlock(name: string): string {
  return name.slice('block.'.length);
}
