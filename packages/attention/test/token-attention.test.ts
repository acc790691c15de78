import { qkTokenAttention, spikeDrivenAttention, ssa } from '@spikeloom/attention';
import { createBuilder, type AnyOperator, type Tensor } from '@spikeloom/ir';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import {
  halfThresholdNeurons,
  randomSpikes,
  runAndCount,
  spikeGraph,
  sum,
} from './run-attention.ts';

const [timesteps, samples, length, width, heads] = [4, 2, 5, 6, 2];
const shape = [samples, length, width];
const spikes = (seed: number, rate = 0.35): Tensor[] => randomSpikes(seed, rate, timesteps, shape);
const [q, k, v] = [spikes(1), spikes(2), spikes(3)];

/** The element of token i and channel j of a sample, by step. */
const at =
  (steps: readonly Tensor[]) =>
  (step: number, sample: number, i: number, j: number): number =>
    steps[step]!.data[(sample * length + i) * width + j]!;
const range = (size: number): number[] => Array.from({ length: size }, (_, index) => index);
/** Calls a function for every element of the tokens and collects the results, by step. */
const everywhere = (
  value: (step: number, sample: number, i: number, j: number) => number,
): number[][] =>
  range(timesteps).map((step) =>
    range(samples).flatMap((sample) =>
      range(length).flatMap((i) => range(width).map((j) => value(step, sample, i, j))),
    ),
  );
const channelsOfHead = (j: number): number[] => {
  const size = width / heads;
  return range(size).map((index) => Math.floor(j / size) * size + index);
};
/** One number per sample and token, or channel: what a mask of neurons is made of. */
const masked = (
  totals: (step: number, sample: number, i: number, j: number) => number,
  passed: readonly Tensor[],
): number[] => {
  const mask = halfThresholdNeurons(everywhere(totals));
  return mask.flatMap((step, index) => step.map((open, one) => open * passed[index]!.data[one]!));
};

describe.each(backends)('on %s,', (_, backend) => {
  describe('spiking self-attention', () => {
    const current = (step: number, sample: number, i: number, j: number): number =>
      0.125 *
      sum(
        range(length).map(
          (other) =>
            sum(
              channelsOfHead(j).map(
                (c) => at(q)(step, sample, i, c) * at(k)(step, sample, other, c),
              ),
            ) * at(v)(step, sample, other, j),
        ),
      );

    test.each(['map-first', 'context-first'])('%s, is its equation', async (order) => {
      // A scale at which neurons fire.
      const graph = spikeGraph(
        ssa,
        { heads, order, scale: 0.5 },
        { q: [5, 6], k: [5, 6], v: [5, 6] },
      );
      const { spikes: found } = await runAndCount(graph, { q, k, v }, backend);
      const expected = halfThresholdNeurons(
        everywhere((...element) => 4 * current(...element)),
      ).flat();
      expect([...found]).toEqual(expected);
      expect(sum(expected)).toBeGreaterThan(5);
      expect(sum(expected)).toBeLessThan(expected.length - 5);
    });

    test('costs an addition for each coincidence, and one for each spike and target', async () => {
      const cost = async (order: string) => {
        const graph = spikeGraph(ssa, { heads, order }, { q: [5, 6], k: [5, 6], v: [5, 6] });
        return (await runAndCount(graph, { q, k, v }, backend)).total;
      };
      const meetings = (left: readonly Tensor[], right: readonly Tensor[], keys: boolean) =>
        sum(
          everywhere((step, sample, i, j) =>
            at(left)(step, sample, i, j) === 0
              ? 0
              : keys
                ? sum(range(length).map((other) => at(right)(step, sample, other, j)))
                : sum(channelsOfHead(j).map((c) => at(right)(step, sample, i, c))),
          ).flat(),
        );
      const total = (steps: readonly Tensor[]) => sum(steps.map(({ data }) => sum(data)));
      const mapFirst = await cost('map-first');
      expect(mapFirst.ac).toBe(meetings(q, k, true) + total(v) * length);
      const contextFirst = await cost('context-first');
      expect(contextFirst.ac).toBe(meetings(k, v, false) + total(q) * (width / heads));
      expect([mapFirst.mac, contextFirst.mac]).toEqual([0, 0]);
    });
  });

  describe('QK attention', () => {
    test.each([
      [
        'token',
        (step, sample, i, j) => sum(channelsOfHead(j).map((c) => at(sparse)(step, sample, i, c))),
      ],
      [
        'channel',
        (step, sample, _i, j) => sum(range(length).map((i) => at(sparse)(step, sample, i, j))),
      ],
    ] satisfies [string, (step: number, sample: number, i: number, j: number) => number][])(
      'over %s lets spikes of the key through by its equation, for an addition per spike of the query',
      async (over, totals) => {
        const graph = spikeGraph(qkTokenAttention, { heads, over }, { q: [5, 6], k: [5, 6] });
        const { spikes: found, total } = await runAndCount(graph, { q: sparse, k }, backend);
        const expected = masked(totals, k);
        expect([...found]).toEqual(expected);
        const all = sum(k.map(({ data }) => sum(data)));
        expect(sum(expected)).toBeGreaterThan(0);
        expect(sum(expected)).toBeLessThan(all);
        expect(total.ac).toBe(sum(sparse.map(({ data }) => sum(data))));
        // Only the neurons of the mask multiply, at their reset.
        const masks = over === 'token' ? length * heads : width;
        expect(total.multiply).toBe(timesteps * samples * masks);
        expect(total.mac).toBe(0);
      },
    );
  });

  test('spike-driven attention lets channels of the query through, for an addition per coincidence', async () => {
    const graph = spikeGraph(spikeDrivenAttention, {}, { q: [5, 6], k: [5, 6], v: [5, 6] });
    const { spikes: found, total } = await runAndCount(graph, { q, k: sparse, v }, backend);
    const both = (step: number, sample: number, i: number, j: number): number =>
      at(sparse)(step, sample, i, j) * at(v)(step, sample, i, j);
    const expected = masked(
      (step, sample, _i, j) => sum(range(length).map((i) => both(step, sample, i, j))),
      q,
    );
    expect([...found]).toEqual(expected);
    expect(sum(expected)).toBeGreaterThan(0);
    expect(sum(expected)).toBeLessThan(sum(q.map(({ data }) => sum(data))));
    expect(total.ac).toBe(sum(everywhere(both).flat()));
    expect(total.multiply).toBe(timesteps * samples * width);
    expect(total.mac).toBe(0);
  });
});

/** Few spikes, so that some masks stay closed. */
const sparse = spikes(4, 0.15);

describe('tokens that do not fit are refused:', () => {
  test.each([
    ['another shape of the key', ssa, { q: [5, 6], k: [4, 6], v: [5, 6] }, {}],
    ['heads that do not divide the width', ssa, { q: [5, 6], k: [5, 6], v: [5, 6] }, { heads: 4 }],
    ['no tokens', qkTokenAttention, { q: [6], k: [6] }, {}],
    ['another width', spikeDrivenAttention, { q: [5, 6], k: [5, 6], v: [5, 5] }, {}],
  ] satisfies [string, AnyOperator, Record<string, number[]>, object][])(
    '%s',
    (_, op, shapes, attributes) => {
      expect(() => spikeGraph(op, attributes, shapes)).toThrow(
        expect.objectContaining({ code: 'shape-mismatch', path: 'attention' }),
      );
    },
  );
});

test('what lets real numbers through does not claim to be spikes', () => {
  const b = createBuilder();
  const real = b.input('x', ['N', 5, 6]);
  const out = b.apply(qkTokenAttention, { q: real, k: real }).spikes;
  expect(out.type.signal.kind).toBe('real');
});
