import { attention } from '@spikeloom/attention';
import { createMeter, sopCounting } from '@spikeloom/energy';
import { createRegistry, type Graph, type Tensor } from '@spikeloom/ir';
import { foldRectify } from '@spikeloom/models';
import { expectClose } from '@spikeloom/testkit';
import { describe, expect, test } from 'vitest';
import { backends } from './backends.ts';
import { recordedNetwork, recordedNetworks } from './sghormer-golden.ts';

const registry = createRegistry([attention]);
const [, cpu] = backends[0]!;
const names = Object.keys(recordedNetworks) as (keyof typeof recordedNetworks)[];

/** Additions by layer, as the reference code counts them: spikes times outputs, and coincidences. */
const recordedAdditions = {
  model_default: {
    'layers.0.attn.wqkv': 8748,
    'layers.0.attn.o.map': 350,
    'layers.0.attn.o.context': 808,
    'layers.0.w_o': 2244,
    'layers.0.w_l': 2916,
    'layers.0.w_1': 7140,
    'layers.0.w_2': 4320,
    'layers.1.attn.wqkv': 15_048,
    'layers.1.attn.o.map': 432,
    'layers.1.attn.o.context': 952,
    'layers.1.w_o': 1944,
    'layers.1.w_l': 5016,
    'layers.1.w_1': 9440,
    'layers.1.w_2': 4380,
    head: 1521,
  },
  model_pe_hops: {
    'layers.0.attn.wqkv': 3576,
    'layers.0.attn.o.map': 134,
    'layers.0.attn.o.context': 436,
    'layers.0.w_o': 808,
    'layers.0.w_l': 1192,
    'layers.0.w_1': 2904,
    'layers.0.w_2': 1832,
    head: 912,
  },
  model_membrane: {
    'layers.0.attn.wqkv': 9216,
    'layers.0.attn.o.map': 582,
    'layers.0.attn.o.context': 1482,
    'layers.0.w_1': 5184,
  },
} as const;

describe.each(names)('%s with rectify blocks in the weights', (name) => {
  test.each(backends)('gives the same logits on %s', async (_, backend) => {
    const { golden, graph, inputs } = recordedNetwork(name);
    const folded = foldRectify(graph, registry);
    const program = await backend.compile(folded, { registry, batch: 'V' });
    const { logits } = await program.run(inputs, { timesteps: 1 });
    program.dispose();
    const { shape, ...rest } = logits!;
    expectClose('logits', { ...rest, shape: shape.slice(1) }, golden.float('out.logits'), {
      absolute: 1e-5,
      relative: 1e-5,
    });
  });

  test('adds once per spike and target, as often as the reference code', async () => {
    const { x, edges } = recordedNetwork(name).inputs as Record<'x' | 'edges', Tensor>;
    const sizes = { nodes: x.shape[0]!, edges: edges.shape[1]! };
    const { graph, inputs } = recordedNetwork(name, sizes);
    const found = await additionsOf(foldRectify(graph, registry), inputs);
    expect(Object.fromEntries(found)).toEqual(recordedAdditions[name]);
  });
});

test('blocks by membranes stay', () => {
  const { graph } = recordedNetwork('model_membrane');
  expect(foldRectify(graph, registry).nodes).toEqual(graph.nodes);
});

/** Additions by layer; queries, keys and values together. */
async function additionsOf(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Map<string, number>> {
  const meter = createMeter(graph, { registry, countings: [sopCounting()] });
  const program = await cpu.compile(graph, { registry, expose: meter.expose });
  await program.run(inputs, { timesteps: 1, taps: meter.start(1) });
  program.dispose();
  const found = new Map<string, number>();
  for (const { path, counts } of meter.report()[0]!.layers) {
    const layer = path.replace(/\.w[qkv]$/, '.wqkv').replace(/\.spikes\.?.*$/, '');
    if (counts.ac > 0) found.set(layer, (found.get(layer) ?? 0) + counts.ac);
  }
  return found;
}
