import { graphPropagation, spikingGraphAttention } from '@spikeloom/attention';
import {
  batchNorm,
  type Builder,
  createBuilder,
  createRandom,
  type Graph,
  linear,
  relu,
  softmax,
  type Value,
} from '@spikeloom/ir';
import * as v from 'valibot';
import { graphEntries, graphRules, graphSize } from './graph-config.ts';
import {
  addGraphInputs,
  dropoutLayers,
  type GraphInputs,
  mapFeatures,
  poolGraphs,
  projectFeatures,
} from './graph-inputs.ts';
import { initialiseGraphNetwork } from './graph-weights.ts';
import { parseConfig, requireConsistent } from './parse-config.ts';

const transformerSchema = v.strictObject({
  ...graphEntries,
  /** Soft-max over all nodes; or products alone, in the order that is linear in nodes. */
  attention: v.optional(v.picklist(['softmax', 'linear']), 'softmax'),
  width: v.optional(graphSize, 32),
  /** Attention heads; divides `width`. */
  heads: v.optional(graphSize, 2),
  layers: v.optional(graphSize, 1),
  /** Width inside a feed-forward block; default `2 * width`. */
  hidden: v.optional(graphSize),
  /** Steps over edges inside the encoder. */
  hops: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 2),
  /** The share of attention, from 0 to 1; the rest is a step over edges. */
  mix: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0.5),
});

export type GraphTransformerOptions = v.InferInput<typeof transformerSchema>;
type Config = v.InferOutput<typeof transformerSchema>;

/**
 * The layout of `sghormer` with real numbers in place of spikes: what it is compared with, in accuracy and in
 * operations. No neurons, so no normalisation before them and no rectify blocks; ReLU inside the feed-forward
 * block.
 *
 * Inputs and output as of `sghormer`. Registry: `createRegistry([attention])`.
 */
export function graphTransformer(options: GraphTransformerOptions): Graph {
  const config = parseConfig(transformerSchema, options);
  requireConsistent([
    ...graphRules(config),
    [config.width % config.heads === 0, 'heads', 'a divisor of width'],
  ]);
  const b = createBuilder({ name: 'graph-transformer' });
  const inputs = addGraphInputs(b, config);
  const drop = dropoutLayers(b, config.dropout);
  const { width, hidden = 2 * config.width } = config;
  const spread = (id: string, x: Value): Value =>
    b.apply(graphPropagation, { x, edges: inputs.edges }, {}, id).out;
  let h = projectFeatures(b, 'enc', mapFeatures(b, inputs.features, drop), config.features, width);
  for (let hop = 0; hop < config.hops; hop++) h = spread(`hop.${hop}`, h);
  h = norm(b, 'bn_in', h);
  for (let layer = 0; layer < config.layers; layer++) {
    const id = `layers.${layer}`;
    const attended = project(b, `${id}.w_o`, attend(b, `${id}.attn`, h, config, inputs), width);
    const local = spread(`${id}.local`, project(b, `${id}.w_l`, h, width));
    const mixed = b.add(b.mul(attended, config.mix), b.mul(local, 1 - config.mix), `${id}.mix`);
    const h1 = b.add(h, drop(norm(b, `${id}.bn_m`, mixed)), `${id}.H1`);
    const inner = norm(b, `${id}.bn_1`, project(b, `${id}.w_1`, h1, hidden));
    const { out: active } = b.apply(relu, { x: inner }, {}, `${id}.f`);
    h = b.add(h1, drop(norm(b, `${id}.bn_2`, project(b, `${id}.w_2`, active, width))), `${id}.H2`);
  }
  const pooled = inputs.membership ? poolGraphs(b, h, inputs.membership) : h;
  const head = {
    weight: b.param('head.weight', [config.classes, width]),
    bias: b.param('head.bias', [config.classes]),
  };
  b.output('logits', b.apply(linear, { x: drop(pooled), ...head }, {}, 'head').out);
  const graph = b.build({
    family: 'graph-transformer',
    ...(config.labels ? { labels: config.labels } : {}),
  });
  return config.seed === undefined
    ? graph
    : initialiseGraphNetwork(graph, createRandom(config.seed));
}

function attend(
  b: Builder,
  id: string,
  h: Value,
  { attention, heads, width }: Config,
  { membership }: GraphInputs,
): Value {
  const [nodes] = h.type.shape as [number | string];
  const projected = (name: string): Value => project(b, `${id}.w${name}`, h, width);
  const [q, k, value] = [projected('q'), projected('k'), projected('v')];
  if (attention === 'linear') {
    // A train of one timestep: with linear scores the operator does not ask for spikes.
    const train = (x: Value): Value => b.reshape(x, [1, nodes, width]);
    const trains = { q: train(q), k: train(k), v: train(value) };
    const options = { heads, scores: 'linear' } as const;
    const { out } = b.apply(
      spikingGraphAttention,
      { ...trains, ...membership },
      options,
      `${id}.o`,
    );
    return b.reshape(out, [nodes, width]);
  }
  const split = (x: Value): Value =>
    b.transpose(b.reshape(x, [nodes, heads, width / heads]), [1, 0, 2]);
  const scores = b.mul(
    b.matmul(split(q), split(k), { transposeB: true }, `${id}.scores`),
    1 / Math.sqrt(width / heads),
  );
  const seen = membership ? within(b, scores, membership.graph) : scores;
  const { out: weights } = b.apply(softmax, { x: seen }, { axis: -1 }, `${id}.weights`);
  const context = b.matmul(weights, split(value), {}, `${id}.context`);
  return b.reshape(b.transpose(context, [1, 0, 2]), [nodes, width]);
}

/** Scores between nodes of different graphs as good as minus infinity. */
function within(b: Builder, scores: Value, graph: Value): Value {
  const [nodes] = graph.type.shape as [number | string];
  const numbers = b.cast(graph, 'float32');
  const apart = b.sub(b.reshape(numbers, [nodes, 1]), b.reshape(numbers, [1, nodes]));
  // 0 or 1; sums broadcast much faster than choices do.
  const differs = b.minimum(b.mul(apart, apart), 1);
  return b.sub(scores, b.mul(differs, 1e30));
}

function project(b: Builder, id: string, x: Value, outputs: number): Value {
  const weight = b.param(`${id}.weight`, [outputs, Number(x.type.shape[1])]);
  return b.apply(linear, { x, weight }, {}, id).out;
}

function norm(b: Builder, id: string, x: Value): Value {
  const channels = [Number(x.type.shape[1])];
  const inputs = {
    x,
    weight: b.param(`${id}.weight`, channels),
    bias: b.param(`${id}.bias`, channels),
    mean: b.buffer(`${id}.running_mean`, channels),
    variance: b.buffer(`${id}.running_var`, channels),
  };
  return b.apply(batchNorm, inputs, {}, id).out;
}
