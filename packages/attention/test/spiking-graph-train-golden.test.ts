import { spikeTrain } from '@spikeloom/attention';
import { type AnyOperator, createBuilder, createRandom, type Graph, tensor } from '@spikeloom/ir';
import { integrateAndFire, lif } from '@spikeloom/neurons';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backPropagate } from './back-propagate.ts';
import { backends } from './backends.ts';
import { openGraphGolden, registry, runOperator } from './spiking-graph-run.ts';

const numbers = { absolute: 1e-5, relative: 1e-5 };

const cases = [
  ['neuron_lif_hard', {}],
  ['neuron_if_soft', { neuron: 'if', reset: null }],
  ['neuron_lif_adaptive', { tau: 1.5, adaptive: true }],
] as const;

describe.each(backends)('the recorded trains on %s', (_, backend) => {
  test.each(cases)('of %s', async (file, attributes) => {
    const golden = openGraphGolden(file);
    const current = golden.float('in.x');
    const timesteps = current.shape[0]!;
    const run = await runOperator(spikeTrain, { current }, { timesteps, ...attributes }, backend);
    expect(run['spikes']!.data).toEqual(golden.float('out.spikes').data);
    expect(run['spikes']!.data).toContain(1);
    expectClose('potential', run['potential']!, golden.float('out.v_last'), numbers);
  });

  test.each(cases)('of gradients in %s', async (file, attributes) => {
    const golden = openGraphGolden(file);
    const x = golden.float('in.x');
    const graph = trainGraph(x.shape, attributes);
    const first = ({ shape, data }: typeof x) => tensor(data as Float32Array, [1, ...shape]);
    const { gradients } = await backPropagate(graph, {
      backend,
      registry,
      inputs: { x: first(x) },
      upstream: first(golden.float('grad.upstream')),
    });
    expectClose('gradient', gradients.get('x')!, first(golden.float('grad.x')), numbers);
  });
});

describe('a train', () => {
  const random = createRandom(3);
  const currents = Array.from({ length: 6 }, () =>
    tensor(
      Array.from({ length: 40 }, () => random.normal()),
      [8, 5],
    ),
  );

  test.each([
    ['lif', lif, { tau: 3, threshold: 0.4, reset: -0.1 }],
    ['lif', lif, { reset: null, comparison: '>' }],
    ['if', integrateAndFire, { reset: 0, threshold: 0.7 }],
  ] as const)('is %s over all timesteps, to the bit', async (neuron, op, attributes) => {
    const b = createBuilder();
    const current = b.input('current', [8, 5]);
    b.output('spikes', b.apply(op as AnyOperator, { current }, attributes, 'neuron')['spikes']!);
    const [, backend] = backends[0]!;
    const program = await backend.compile(b.build(), { registry });
    const stepwise = await program.run({ current: currents }, { timesteps: 6 });
    const joined = tensor(
      currents.flatMap(({ data }) => [...data]),
      [6, 8, 5],
    );
    const options = { ...attributes, neuron, timesteps: 6 };
    const run = await runOperator(spikeTrain, { current: joined }, options, backend);
    expect(run['spikes']!.data).toEqual(stepwise['spikes']!.data);
    expect(run['spikes']!.data).toContain(1);
  });

  test('of a held current is that of the current repeated', async () => {
    const [, backend] = backends[0]!;
    const [current] = currents as [(typeof currents)[number]];
    const repeated = tensor(Array.from({ length: 4 }, () => [...current.data]).flat(), [4, 8, 5]);
    const held = await runOperator(spikeTrain, { current }, { timesteps: 4, held: true }, backend);
    const whole = await runOperator(spikeTrain, { current: repeated }, { timesteps: 4 }, backend);
    expect(held).toEqual(whole);
  });

  test('needs an axis of time', () => {
    const b = createBuilder();
    const current = b.input('x', ['V', 3]);
    expect(() => b.apply(spikeTrain, { current }, { timesteps: 4 })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch', path: 'spike-train' }),
    );
  });
});

function trainGraph(shape: readonly number[], attributes: object): Graph {
  const b = createBuilder();
  const current = b.input('x', shape);
  const timesteps = shape[0]!;
  b.output('spikes', b.apply(spikeTrain, { current }, { timesteps, ...attributes }, 'op').spikes);
  return b.build();
}
