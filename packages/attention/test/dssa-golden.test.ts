import { attention, dssa } from '@spikeloom/attention';
import {
  batchNorm,
  type Builder,
  createBuilder,
  createRegistry,
  type Graph,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import { lif, neurons, plif } from '@spikeloom/neurons';
import { traces } from '@spikeloom/runtime';
import { expectClose } from '@spikeloom/testkit';
import { training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backPropagate, relativeDistance } from './back-propagate.ts';
import { backends } from './backends.ts';
import { type Golden, openGolden, stepsOf } from './golden.ts';

const registry = createRegistry([attention, neurons, training]);
const numbers = { absolute: 1e-5, relative: 1e-5 };

const cases = [
  ['dssa_c8_h2_p1', { heads: 2, patch: 1 }],
  ['dssa_c12_h3_p2', { heads: 3, patch: 2 }],
  ['dssa_c8_h1_p4_plif', { heads: 1, patch: 4 }],
] as const;

/** Values of the reference's modules, in our block. */
const taps: Readonly<Record<string, string>> = {
  'activation_in.out': 'activation_in.spikes',
  'W.out': 'W',
  'norm.out': 'norm',
  'matmul1.out': 'attention.matmul1',
  'activation_attn.in': 'attention.scale1',
  'activation_attn.out': 'attention.activation_attn.spikes',
  'matmul2.out': 'attention.matmul2',
  'activation_out.out': 'attention.activation_out.spikes',
  'Wproj.out': 'Wproj',
  'norm_proj.out': 'norm_proj',
};

describe.each(backends)('a block of the reference code on %s', (_, backend) => {
  describe.each(cases)('%s', (file, shape) => {
    const golden = openGolden(file);

    test('in training, twice: values, gradients, statistics', async () => {
      for (const call of ['train0', 'train1']) {
        const graph = block(golden, shape, call === 'train0' ? 'init.' : 'train0.buf.');
        const recorded = Object.entries(taps).filter(([name]) =>
          golden.names.includes(`${call}.${name}`),
        );
        const { values, gradients, statistics } = await backPropagate(graph, {
          backend,
          registry,
          inputs: { x: golden.tensor(`${call}.x`) },
          upstream: golden.tensor(`${call}.grad_y`),
          refs: recorded.map(([, at]) => at),
        });
        for (const [name, at] of recorded) {
          expectSame(`${call}.${name}`, values.get(at)!, golden.tensor(`${call}.${name}`));
        }
        expectSame('y', values.get('y')!, golden.tensor(`${call}.y`));
        const sentBack = golden.names.filter(
          (name) =>
            /^grad[._]x?/.test(name.slice(call.length + 1)) &&
            name.startsWith(call) &&
            !name.endsWith('grad_y'),
        );
        expect(gradients.size).toBe(sentBack.length);
        for (const [name, gradient] of gradients) {
          const wanted = golden.tensor(name === 'x' ? `${call}.grad_x` : `${call}.grad.${name}`);
          expect(relativeDistance(gradient, wanted), name).toBeLessThan(1e-4);
        }
        const moved = golden.names.filter((name) => name.startsWith(`${call}.buf.`));
        expect([...statistics.keys()].map((name) => `${call}.buf.${name}`).toSorted()).toEqual(
          moved.toSorted(),
        );
        for (const name of moved) {
          const found = statistics.get(name.slice(`${call}.buf.`.length))!;
          expectClose(name, found, golden.tensor(name), numbers);
        }
      }
    });

    test('in inference, with the statistics that training left', async () => {
      const graph = block(golden, shape, 'train1.buf.');
      const recorded = Object.entries(taps).filter(
        ([name]) => golden.names.includes(`eval.${name}`) && !name.includes('.in'),
      );
      const paths = recorded.map(([, at]) => at);
      const program = await backend.compile(graph, { registry, expose: paths });
      const seen = traces(paths);
      const x = stepsOf(golden.tensor('eval.x'));
      const { y } = await program.run({ x }, { timesteps: x.length, taps: seen.taps });
      program.dispose();
      expectSame('y', y!, golden.tensor('eval.y'));
      for (const [name, at] of recorded)
        expectSame(name, seen.read().get(at)!, golden.tensor(`eval.${name}`));
    });
  });
});

/** The block with the recorded weights, and statistics under a prefix. */
function block(
  golden: Golden,
  { heads, patch }: { readonly heads: number; readonly patch: number },
  statistics: string,
): Graph {
  const b = createBuilder();
  const [, , channels, height, width] = golden.tensor('eval.x').shape as number[];
  const weight = (name: string): Tensor => golden.tensor(`init.${name}`);
  const param = (name: string): Value =>
    b.param(name, weight(name).shape, { tensor: weight(name) });
  const buffer = (name: string): Value => {
    const tensor = golden.tensor(`${statistics}${name}`);
    return b.buffer(name, tensor.shape, { tensor });
  };
  const learnt = golden.names.includes('init.activation_in.w');
  const fire = (name: string, current: Value): Value =>
    learnt
      ? b.apply(plif, { current, w: param(`${name}.w`) }, {}, name).spikes
      : b.apply(lif, { current }, {}, name).spikes;
  const norm = (name: string, from: Value): Value => normalise(b, name, from, { param, buffer });
  const x = b.input('x', ['N', channels!, height!, width!]);
  const spikes = fire('activation_in', x);
  const projected = b.conv2d(
    { x: spikes, weight: param('W.weight') },
    { stride: [patch, patch] },
    'W',
  );
  const attended = b.apply(
    dssa,
    {
      x: spikes,
      keys: norm('norm', projected),
      rateX: buffer('firing_rate_x'),
      rateAttn: buffer('firing_rate_attn'),
      ...(learnt ? { wAttn: param('activation_attn.w'), wOut: param('activation_out.w') } : {}),
    },
    { heads },
    'attention',
  ).spikes;
  const mixed = b.conv2d({ x: attended, weight: param('Wproj.weight') }, {}, 'Wproj');
  b.output('y', b.add(norm('norm_proj', mixed), x));
  return b.build();
}

function normalise(
  b: Builder,
  name: string,
  x: Value,
  { param, buffer }: Readonly<Record<'param' | 'buffer', (name: string) => Value>>,
): Value {
  const inputs = {
    x,
    weight: param(`${name}.bn.weight`),
    bias: param(`${name}.bn.bias`),
    mean: buffer(`${name}.bn.running_mean`),
    variance: buffer(`${name}.bn.running_var`),
  };
  return b.apply(batchNorm, inputs, {}, name).out;
}

/** Spikes exactly, numbers up to rounding; heads may be an axis of their own. */
function expectSame(name: string, actual: Tensor, expected: Tensor): void {
  const isSpikes = expected.data.every((value) => value === 0 || value === 1);
  const given = { ...actual, shape: expected.shape };
  expectClose(name, given, expected, isSpikes ? { absolute: 0, relative: 0 } : numbers);
}
