import { dssa, firingRateScale } from '@spikeloom/attention';
import {
  createBuilder,
  type Graph,
  createRegistry,
  type Shape,
  spikeSignal,
  tensor,
  type Tensor,
} from '@spikeloom/ir';
import { training } from '@spikeloom/training';
import { describe, expect, test } from 'vitest';
import { backPropagate } from './back-propagate.ts';
import { backends } from './backends.ts';
import { randomSpikes, registry, runAndCount, sum } from './run-attention.ts';

const [timesteps, samples, heads, width] = [3, 2, 2, 3];
const [queries, tokens] = [16, 4];
const channels = heads * width;

interface Rates {
  readonly x: readonly number[];
  readonly attn: readonly number[];
}

/** DSSA on spikes `x` with given keys, the same for all samples and timesteps. */
function attentionGraph({ x, attn }: Rates, attributes: object = {}): Graph {
  const b = createBuilder();
  const spikes = b.input('x', ['N', channels, 4, 4], { signal: spikeSignal });
  const keys = b.input('keys', ['N', 2 * channels, 2, 2]);
  const rate = (name: string, values: readonly number[]) =>
    b.buffer(name, [1, 1, heads, 1, 1], { tensor: tensor(values, [1, 1, heads, 1, 1]) });
  const out = b.apply(
    dssa,
    { x: spikes, keys, rateX: rate('rate_x', x), rateAttn: rate('rate_attn', attn) },
    { heads, ...attributes },
    'attention',
  );
  b.output('spikes', out.spikes);
  return b.build();
}

const keysOf = (scale: number): Tensor[] =>
  Array.from({ length: timesteps }, () =>
    tensor(
      Array.from(
        { length: samples * 2 * channels * tokens },
        (_, index) => scale * Math.cos(index),
      ),
      [samples, 2 * channels, 2, 2],
    ),
  );
const x = randomSpikes(5, 0.3, timesteps, [samples, channels, 4, 4]);
const some: Rates = { x: [0.3, 0.3], attn: [0.2, 0.2] };

describe.each(backends)('dual spike self-attention on %s', (_, backend) => {
  test('costs an addition for each spike and key, then for each spike and channel', async () => {
    const graph = attentionGraph(some);
    const { total } = await runAndCount(graph, { x, keys: keysOf(3) }, backend);
    const seen: number[] = [];
    const program = await backend.compile(graph, {
      registry,
      expose: ['attention.activation_attn.spikes'],
    });
    await program.run(
      { x, keys: keysOf(3) },
      {
        timesteps,
        taps: [
          {
            at: 'attention.activation_attn.spikes',
            observe: ({ value }) => seen.push(sum(value.data)),
          },
        ],
      },
    );
    program.dispose();
    const spikesOfX = sum(x.map(({ data }) => sum(data)));
    expect(sum(seen)).toBeGreaterThan(10);
    expect(sum(seen)).toBeLessThan(timesteps * samples * heads * tokens * queries);
    expect(total.ac).toBe(spikesOfX * tokens + sum(seen) * width);
    expect(total.mac).toBe(0);
  });

  test('divides by the floor where a rate is smaller', async () => {
    const run = async (rates: Rates) =>
      (await runAndCount(attentionGraph(rates, { floor: 0.01 }), { x, keys: keysOf(0.6) }, backend))
        .spikes;
    const silent = await run({ x: [0, 1e-9], attn: [0, 0.005] });
    expect(silent).toEqual(await run({ x: [0.01, 0.01], attn: [0.01, 0.01] }));
    expect(sum(silent)).toBeGreaterThan(0);
    expect(silent).not.toEqual(await run(some));
  });
});

describe.each(backends)('a running firing rate on %s', (_, backend) => {
  const trained = createRegistry([...registry.plugins, training]);

  /** One training step of a scale of sums over spikes of two heads. */
  async function step(rate: readonly number[], spikes: readonly number[]) {
    const b = createBuilder();
    const given = b.input('spikes', ['N', 2, 2], { signal: spikeSignal });
    const sums = b.input('sums', ['N', 2, 2]);
    const buffer = b.buffer('rate', [2], { tensor: tensor(rate) });
    b.output(
      'out',
      b.apply(
        firingRateScale,
        { x: sums, spikes: given, rate: buffer },
        { terms: 4, momentum: 0.75 },
        'scale',
      ).out,
    );
    // Two timesteps of one sample.
    const shape = [2, 1, 2, 2];
    return backPropagate(b.build(), {
      backend,
      registry: trained,
      inputs: {
        spikes: tensor(spikes, shape),
        sums: tensor(
          Array.from({ length: 8 }, () => 1),
          shape,
        ),
      },
      upstream: tensor(
        Array.from({ length: 8 }, () => 1),
        shape,
      ),
    });
  }

  test('starts from the rate of the first batch, head by head', async () => {
    const { statistics, values } = await step([0, 0.5], [1, 0, 1, 0, 1, 1, 1, 0]);
    // The heads fire at 3/4 and 1/2; the second was at 1/2 already.
    expect([...statistics.get('rate')!.data]).toEqual([0.75, 0.5]);
    const [first, , second] = values.get('out')!.data;
    expect(first).toBeCloseTo(1 / Math.sqrt(0.75 * 4), 6);
    expect(second).toBeCloseTo(1 / Math.sqrt(0.5 * 4), 6);
  });

  test('moves by its momentum, over time and samples, and scales by where it has moved', async () => {
    const { statistics, values } = await step([0.5, 0.25], [1, 1, 0, 1, 1, 1, 1, 1]);
    const moved = [0.75 * 0.5 + 0.25, 0.75 * 0.25 + 0.25 * 0.75];
    statistics.get('rate')!.data.forEach((rate, head) => expect(rate).toBeCloseTo(moved[head]!, 6));
    expect(values.get('out')!.data[2]).toBeCloseTo(1 / Math.sqrt(moved[1]! * 4), 6);
  });

  test('of a head that never fired stays 0, and its gradients stay finite', async () => {
    const { statistics, gradients } = await step([0, 0], [0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...statistics.get('rate')!.data]).toEqual([0, 1]);
    const [silent, , firing] = gradients.get('sums')!.data;
    expect(silent).toBeCloseTo(1 / Math.sqrt(1e-6 * 4), 1);
    expect(firing).toBeCloseTo(0.5, 6);
    // The factor itself passes none.
    expect([...gradients.get('spikes')!.data].every((gradient) => gradient === 0)).toBe(true);
  });
});

describe('dual spike self-attention refuses', () => {
  const build = (
    shapes: { x?: Shape; keys?: Shape; rate?: number },
    attributes: object = {},
  ): (() => Graph) => {
    return () => {
      const b = createBuilder();
      const inputs = {
        x: b.input('x', shapes.x ?? ['N', 6, 4, 4]),
        keys: b.input('keys', shapes.keys ?? ['N', 12, 2, 2]),
        rateX: b.buffer('rate_x', [2]),
        rateAttn: b.buffer('rate_attn', [shapes.rate ?? 2]),
      };
      b.output('spikes', b.apply(dssa, inputs, { heads: 2, ...attributes }, 'attention').spikes);
      return b.build();
    };
  };

  test('nothing of this', () => {
    expect(build({})).not.toThrow();
  });

  test.each([
    ['keys of one transformation only', { keys: ['N', 6, 2, 2] }, {}, 'shape-mismatch'],
    ['keys of another batch', { keys: ['M', 12, 2, 2] }, {}, 'shape-mismatch'],
    ['tokens instead of images', { x: ['N', 16, 6] }, {}, 'shape-mismatch'],
    ['sizes that are not known', { x: ['N', 6, 'H', 4] }, {}, 'shape-mismatch'],
    ['heads that do not divide the channels', {}, { heads: 4 }, 'shape-mismatch'],
    ['a rate too many', { rate: 3 }, {}, 'shape-mismatch'],
    ['a momentum above 1', {}, { momentum: 1.5 }, 'invalid-attribute'],
    ['a floor of 0', {}, { floor: 0 }, 'invalid-attribute'],
  ] satisfies [string, Parameters<typeof build>[0], object, string][])(
    '%s',
    (_, shapes, attributes, code) => {
      expect(build(shapes, attributes)).toThrow(
        expect.objectContaining({ code, path: 'attention' }),
      );
    },
  );
});
