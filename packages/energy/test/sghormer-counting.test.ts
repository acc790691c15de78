import { attention } from '@spikeloom/attention';
import { countFixed, noCounts, sghormerCounting } from '@spikeloom/energy';
import { createRegistry, type Tensor } from '@spikeloom/ir';
import { foldRectify, gat, gcn, graphTransformer } from '@spikeloom/models';
import { describe, expect, test } from 'vitest';
import { recordedNetwork } from '../../models/test/sghormer-golden.ts';
import { backends } from './backends.ts';
import { measure } from './measure.ts';

const registry = createRegistry([attention]);

/**
 * The recorded networks by the formulas of the reference code: V nodes, E edges with those of nodes to themselves,
 * F features, d channels, f hidden ones, C classes, k numbers of a positional encoding.
 */
const recorded = {
  model_default: {
    // Spikes times targets and coincidences of all layers; E d for the edges of each of two layers.
    spikes: 65_259,
    edges: (E: number) => 2 * E * 12,
    mac: (V: number) => V * 10 * 12,
  },
  model_pe_hops: {
    spikes: 11_794,
    edges: (E: number) => E * 8,
    // Encoder, encoding, and two hops.
    mac: (V: number, E: number) => V * (9 + 3) * 8 + 2 * E * 8,
  },
  model_membrane: {
    spikes: 16_464,
    edges: (E: number) => E * 12,
    // Layers behind rectify blocks by membranes have real inputs: w_o, w_l, w_2, head.
    mac: (V: number) => V * (8 * 12 + 12 * 12 + 12 * 12 + 16 * 12 + 12 * 3),
  },
} as const;
const names = Object.keys(recorded) as (keyof typeof recorded)[];

describe.each(backends)('as papers count, on %s', (_, backend) => {
  test.each(names)('%s costs what the formulas say', async (name) => {
    const { x, edges } = recordedNetwork(name).inputs as Record<'x' | 'edges', Tensor>;
    const [V, E] = [x.shape[0]!, edges.shape[1]!];
    const { graph, inputs } = recordedNetwork(name, { nodes: V, edges: E });
    const report = await measure(foldRectify(graph, registry), inputs, {
      timesteps: 1,
      backend,
      registry,
      countings: [sghormerCounting],
    });
    const { spikes, edges: onEdges, mac } = recorded[name];
    expect(report.steps).toEqual([{ ...noCounts(), ac: spikes + onEdges(E), mac: mac(V, E) }]);
  });
});

describe('networks without spikes', () => {
  const sizes = { features: 5, classes: 3, nodes: 10, edges: 40, width: 8 } as const;

  test('a GCN multiplies features, entry by entry if they are sparse, and edges', () => {
    const of = (graph: Parameters<typeof sghormerCounting.terms>[0]) =>
      countFixed(sghormerCounting.terms(graph, registry));
    const behind = 40 * 8 + 10 * 8 * 3 + 40 * 3;
    expect(of(gcn(sizes))).toEqual({ ...noCounts(), mac: 10 * 5 * 8 + behind });
    expect(of(gcn({ ...sizes, input: 'sparse', nonZeros: 7 }))).toEqual({
      ...noCounts(),
      mac: 7 * 8 + behind,
    });
  });

  test('soft-max attention grows with the square of nodes, the linear order does not', () => {
    const of = (kind: 'softmax' | 'linear', nodes: number): number =>
      countFixed(
        sghormerCounting.terms(graphTransformer({ ...sizes, nodes, attention: kind }), registry),
      ).mac;
    const linear = of('linear', 20) - of('linear', 10);
    // Scores and contexts of 20 and of 10 nodes, less what the linear order has in their place.
    expect(of('softmax', 20) - of('softmax', 10) - linear).toBe(
      2 * 8 * (20 ** 2 - 10 ** 2) - 2 * 8 * 4 * (20 - 10),
    );
  });

  test('a GAT adds the weights and the rows of every edge', () => {
    const network = gat({ features: 5, classes: 3, nodes: 10, edges: 40, width: 4, heads: 2 });
    const { mac } = countFixed(sghormerCounting.terms(network, registry));
    expect(mac).toBe(10 * 5 * 8 + 40 * (2 + 8) + 10 * 8 * 3 + 40 * (1 + 3));
  });
});
