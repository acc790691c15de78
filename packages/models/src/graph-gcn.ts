import { graphPropagation } from '@spikeloom/attention';
import { createBuilder, createRandom, type Graph, linear, relu } from '@spikeloom/ir';
import * as v from 'valibot';
import { graphEntries, graphRules, graphSize } from './graph-config.ts';
import {
  addGraphInputs,
  dropoutLayers,
  mapFeatures,
  poolGraphs,
  projectFeatures,
} from './graph-inputs.ts';
import { initialiseConvolutions } from './graph-weights.ts';
import { parseConfig, requireConsistent } from './parse-config.ts';

const gcnSchema = v.strictObject({
  ...graphEntries,
  /** Channels between the convolutions. */
  width: v.optional(graphSize, 32),
  /** Graph convolutions. */
  layers: v.optional(graphSize, 2),
});

export type GcnOptions = v.InferInput<typeof gcnSchema>;

/**
 * Graph convolutional network, a baseline of real numbers. Parameter names are those of PyTorch Geometric
 * (`conv1.lin.weight`, `conv1.bias`); whole graphs have a layer `head` on the mean over their nodes.
 *
 * Inputs and output as of `sghormer`. Registry: `createRegistry([attention])`.
 *
 * Source: Kipf & Welling (2017), ICLR, arXiv 1609.02907.
 */
export function gcn(options: GcnOptions): Graph {
  const config = parseConfig(gcnSchema, options);
  requireConsistent(graphRules(config));
  const b = createBuilder({ name: 'gcn' });
  const { features, edges, membership } = addGraphInputs(b, config);
  const drop = dropoutLayers(b, config.dropout);
  const outputs = (layer: number): number =>
    layer < config.layers || membership ? config.width : config.classes;
  const bias = (id: string, width: number) => b.param(`${id}.bias`, [width]);
  const spread = (id: string, x: ReturnType<typeof projectFeatures>) => {
    const { out } = b.apply(graphPropagation, { x, edges }, {}, `${id}.propagate`);
    return b.add(out, bias(id, Number(x.type.shape[1])), id);
  };

  const given = mapFeatures(b, features, drop);
  let h = spread('conv1', projectFeatures(b, 'conv1.lin', given, config.features, outputs(1)));
  for (let layer = 2; layer <= config.layers; layer++) {
    const id = `conv${layer}`;
    const { out: active } = b.apply(relu, { x: h }, {}, `relu${layer - 1}`);
    const weight = b.param(`${id}.lin.weight`, [outputs(layer), outputs(layer - 1)]);
    h = spread(id, b.apply(linear, { x: drop(active), weight }, {}, `${id}.lin`).out);
  }
  if (membership) {
    const { out: active } = b.apply(relu, { x: h }, {}, `relu${config.layers}`);
    const weight = b.param('head.weight', [config.classes, config.width]);
    const inputs = {
      x: drop(poolGraphs(b, active, membership)),
      weight,
      bias: bias('head', config.classes),
    };
    h = b.apply(linear, inputs, {}, 'head').out;
  }
  b.output('logits', h);
  const graph = b.build({ family: 'gcn', ...(config.labels ? { labels: config.labels } : {}) });
  return config.seed === undefined
    ? graph
    : initialiseConvolutions(graph, createRandom(config.seed));
}
