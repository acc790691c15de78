import {
  type Builder,
  createBuilder,
  createRandom,
  type Graph,
  linear,
  type Value,
} from '@spikeloom/ir';
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

const gatSchema = v.strictObject({
  ...graphEntries,
  /** Channels of one head between the convolutions. */
  width: v.optional(graphSize, 8),
  /** Heads of all convolutions but the last, which has one. */
  heads: v.optional(graphSize, 8),
  /** Graph convolutions. */
  layers: v.optional(graphSize, 2),
});

export type GatOptions = v.InferInput<typeof gatSchema>;

/**
 * Graph attention network, a baseline of real numbers. Parameter names are those of PyTorch Geometric
 * (`conv1.lin.weight`, `conv1.att_src`, `conv1.att_dst`, `conv1.bias`); whole graphs have a layer `head` on the
 * mean over their nodes.
 *
 * Inputs and output as of `sghormer`. Scores of one node may differ by 80 at most. Registry:
 * `createRegistry([attention])`.
 *
 * Source: Veličković et al. (2018), ICLR, arXiv 1710.10903.
 */
export function gat(options: GatOptions): Graph {
  const config = parseConfig(gatSchema, options);
  requireConsistent(graphRules(config));
  const b = createBuilder({ name: 'gat' });
  const { features, edges, membership } = addGraphInputs(b, config);
  const drop = dropoutLayers(b, config.dropout);
  const end = (row: number): Value =>
    b.reshape(b.slice(edges, 0, row, 1), edges.type.shape.slice(1));
  const attention = { source: end(0), target: end(1), drop };
  let h: Value | undefined;
  for (let layer = 1; layer <= config.layers; layer++) {
    const id = `conv${layer}`;
    const isLast = layer === config.layers;
    const heads = isLast ? 1 : config.heads;
    const width = isLast && !membership ? config.classes : config.width;
    const projected = h
      ? project(b, `${id}.lin`, drop(elu(b, h)), heads * width)
      : projectFeatures(
          b,
          `${id}.lin`,
          mapFeatures(b, features, drop),
          config.features,
          heads * width,
        );
    h = attend(b, id, projected, heads, attention);
  }
  if (membership) {
    const pooled = drop(poolGraphs(b, elu(b, h!), membership));
    const bias = b.param('head.bias', [config.classes]);
    h = b.add(project(b, 'head', pooled, config.classes), bias);
  }
  b.output('logits', h!);
  const graph = b.build({ family: 'gat', ...(config.labels ? { labels: config.labels } : {}) });
  return config.seed === undefined
    ? graph
    : initialiseConvolutions(graph, createRandom(config.seed));
}

interface EdgeAttention {
  readonly source: Value;
  readonly target: Value;
  readonly drop: (x: Value) => Value;
}

/** The mean over a node's edges, weighted by scores of both ends: `[V, heads * width]`. */
function attend(
  b: Builder,
  id: string,
  x: Value,
  heads: number,
  { source, target, drop }: EdgeAttention,
): Value {
  const [nodes, columns] = x.type.shape as [number | string, number];
  const width = columns / heads;
  const split = b.reshape(x, [nodes, heads, width]);
  const score = (name: string): Value =>
    b.sum(b.mul(split, b.param(`${id}.${name}`, [1, heads, width])), [2]);
  const [from, to] = [score('att_src'), score('att_dst')];
  const scores = leakyRelu(b, b.add(b.gather(from, source), b.gather(to, target)));
  // No score of a node is above this one; it keeps the exponentials finite and cancels out.
  const bound = b.stopGradient(leakyRelu(b, b.add(b.max(from, [0], true), to)));
  const weights = b.exp(b.sub(scores, b.gather(bound, target)));
  const total = b.maximum(b.segmentSum(weights, target, nodes), 1e-37);
  const shares = drop(b.div(weights, b.gather(total, target)));
  const [edges] = source.type.shape;
  const carried = b.mul(b.reshape(shares, [edges!, heads, 1]), b.gather(split, source));
  const sum = b.reshape(b.segmentSum(carried, target, nodes), [nodes, columns]);
  return b.add(sum, b.param(`${id}.bias`, [columns]), id);
}

function project(b: Builder, id: string, x: Value, outputs: number): Value {
  const weight = b.param(`${id}.weight`, [outputs, Number(x.type.shape[1])]);
  return b.apply(linear, { x, weight }, {}, id).out;
}

function leakyRelu(b: Builder, x: Value): Value {
  return b.maximum(x, b.mul(x, 0.2));
}

function elu(b: Builder, x: Value): Value {
  return b.add(b.maximum(x, 0), b.sub(b.exp(b.minimum(x, 0)), 1));
}
