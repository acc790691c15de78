import { type AnyOperator, createBuilder, type Graph } from '@spikeloom/ir';
import {
  atan,
  fastSigmoid,
  integrateAndFire,
  lif,
  rectangle,
  sigmoid,
  triangle,
} from '@spikeloom/neurons';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { randomTensor } from './networks.ts';
import { type BackResult, runBack } from './run-back.ts';

const [timesteps, samples, width] = [5, 4, 6];

const resets = [{ reset: 0 }, { reset: null }, { reset: -0.1 }];
const gradients = [
  { detachReset: true, surrogate: atan(2) },
  { detachReset: false, surrogate: sigmoid(4) },
  { detachReset: false, surrogate: triangle(1) },
];
const leaks = [{}, { decayInput: false, tau: 3 }, { leakAfterReset: true, tau: 10 }];

/** Every reset with every leak, and each of them with every gradient. */
const cases: readonly (readonly [AnyOperator, object])[] = [
  ...resets.flatMap((reset, row) =>
    leaks.map((leak, column) => {
      const gradient = gradients[(row + column) % gradients.length];
      return [lif, { threshold: 0.6, ...leak, ...reset, ...gradient }] as const;
    }),
  ),
  ...resets.map(
    (reset, row) => [integrateAndFire, { initial: 0.25, ...reset, ...gradients[row] }] as const,
  ),
  [lif, { initial: 0.5, comparison: '>', surrogate: fastSigmoid(5) }],
  [lif, { threshold: 0.4, output: 'threshold', detachReset: false }],
  [integrateAndFire, { surrogate: rectangle(2), detachReset: false }],
];

/** Two neurons of a kind in a row: the second one has currents that are spikes. */
function network(op: AnyOperator, attributes: object): Graph {
  const b = createBuilder();
  const first = b.apply(op, { current: b.input('x', ['N', width]) }, attributes, 'first');
  const current = b.mul(first['spikes']!, b.input('gain', [width]));
  b.apply(op, { current }, attributes, 'second');
  return b.build();
}

describe.each(backends)('the training form on %s', (_, backend) => {
  test.each(cases.map(([op, attributes]) => ({ id: op.id, attributes, op })))(
    'of $id with $attributes is its lowering, step by step',
    async ({ op, attributes }) => {
      const graph = network(op, attributes);
      for (const held of [false, true]) {
        const rows = held ? samples : timesteps * samples;
        const outside = [timesteps, samples, width];
        const run = (fused: boolean): Promise<BackResult> =>
          runBack(graph, {
            backend,
            timesteps,
            samples,
            inputs: { x: randomTensor([rows, width], 3), gain: randomTensor([width], 4) },
            sequences: held ? [] : ['x'],
            upstream: {
              second: randomTensor(outside, 5),
              'first.spikes': randomTensor(outside, 6),
              'second.potential': randomTensor(outside, 7),
            },
            wrt: ['x', 'gain'],
            fused,
          });
        const [general, fused] = [await run(false), await run(true)];
        const both = [general, fused].map(({ values }) => values);
        expect(both[1]!['second']).toEqual(both[0]!['second']);
        expect(both[1]!['first.spikes']).toEqual(both[0]!['first.spikes']);
        expect(new Set(both[0]!['first.spikes']!.data)).toEqual(new Set([0, 1]));
        const tolerance = { absolute: 1e-5, relative: 1e-5 };
        const potentials = both.map((values) => values['second.potential']!);
        expectClose('potential', potentials[1]!, potentials[0]!, tolerance);
        for (const [name, gradient] of Object.entries(general.gradients)) {
          expectClose(`grad ${name}`, fused.gradients[name]!, gradient, tolerance);
          expect(gradient.data.some((part) => part !== 0)).toBe(true);
        }
      }
    },
  );
});
