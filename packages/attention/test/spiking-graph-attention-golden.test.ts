import { spikeTrain, spikingGraphAttention, trainNorm } from '@spikeloom/attention';
import { type Builder, createBuilder, linear, type Tensor, type Value } from '@spikeloom/ir';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { bothWays, openGraphGolden, registry } from './spiking-graph-run.ts';

const cases = [
  ['sgsa_allpairs', { heads: 4, order: 'context-first' }],
  ['sgsa_allpairs', { heads: 4, order: 'map-first' }],
  ['sgsa_allpairs', { heads: 4, order: 'map-first', rowBlock: 7 }],
  ['sgsa_edges', { heads: 2, mask: 'edges' }],
  ['sgsa_edge_bias', { heads: 3, edgeBias: 2, order: 'context-first' }],
  ['sgsa_edge_bias', { heads: 3, edgeBias: 2, order: 'map-first' }],
] as const;

describe.each(backends)('the recorded attention on %s', (_, backend) => {
  test.each(cases)('%s %o', async (file, attributes) => {
    const golden = openGraphGolden(file);
    const s = golden.float('in.s');
    const [timesteps, nodes] = s.shape as [number, number, number];
    const edges = bothWays(golden.tensor('in.edge_index'), nodes);
    const b = createBuilder();
    const train = b.input('s', s.shape);
    const options = { ...attributes, scores: 'linear' } as const;
    const inputs = {
      q: project(b, golden, 'q', train),
      k: project(b, golden, 'k', train),
      v: project(b, golden, 'v', train),
      edges: b.input('edges', edges.shape, { dtype: 'int32' }),
    };
    const counts = b.apply(spikingGraphAttention, inputs, { ...options, scale: 'one' }, 'counts');
    const { out } = b.apply(spikingGraphAttention, inputs, options, 'attention');
    const a = b.apply(
      spikeTrain,
      { current: normalised(b, golden, 'bn_a', out) },
      { timesteps },
      'a',
    );
    for (const name of ['q', 'k', 'v'] as const) b.output(name, inputs[name]);
    b.output('o_counts', counts.out);
    b.output('a', a.spikes);
    b.output('a_vlast', a.potential);
    const program = await backend.compile(b.build(), { registry });
    const outputs = await program.run({ s, edges }, { timesteps: 1 });
    program.dispose();
    for (const name of ['q', 'k', 'v', 'o_counts', 'a'])
      expect(outputs[name]!.data, name).toEqual(golden.float(`out.${name}`).data);
    const { shape, ...potential } = outputs['a_vlast']!;
    expectClose('a_vlast', { ...potential, shape: shape.slice(1) }, golden.float('out.a_vlast'), {
      absolute: 1e-5,
      relative: 1e-5,
    });
  });
});

type GraphGolden = ReturnType<typeof openGraphGolden>;

/** Spikes of queries, keys or values, as the reference code makes them. */
function project(b: Builder, golden: GraphGolden, name: 'q' | 'k' | 'v', s: Value): Value {
  const weight = weightOf(b, golden, `w${name}.weight`);
  const { out } = b.apply(linear, { x: s, weight }, {}, `w${name}`);
  const current = normalised(b, golden, `bn_${name}`, out);
  return b.apply(spikeTrain, { current }, { timesteps: Number(s.type.shape[0]) }, name).spikes;
}

function normalised(b: Builder, golden: GraphGolden, name: string, x: Value): Value {
  const inputs = {
    x,
    weight: weightOf(b, golden, `${name}.weight`),
    bias: weightOf(b, golden, `${name}.bias`),
    mean: weightOf(b, golden, `${name}.running_mean`),
    variance: weightOf(b, golden, `${name}.running_var`),
  };
  return b.apply(trainNorm, inputs, {}, name).out;
}

function weightOf(b: Builder, golden: GraphGolden, name: string): Value {
  const tensor: Tensor = golden.float(`w.${name}`);
  return b.param(name, tensor.shape, { tensor });
}
