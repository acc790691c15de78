import { graphPropagation, spikingGraphAttention } from '@spikeloom/attention';
import {
  type Builder,
  createBuilder,
  createRandom,
  type Graph,
  type Json,
  linear,
  type Tensor,
  type Value,
} from '@spikeloom/ir';
import {
  addGraphInputs,
  dropoutLayers,
  type GraphInputs,
  mapFeatures,
  poolGraphs,
  projectFeatures,
} from './graph-inputs.ts';
import { initialiseGraphNetwork } from './graph-weights.ts';
import { loadWeights } from './load-weights.ts';
import { parseSghormer, type SghormerConfig, type SghormerOptions } from './sghormer-config.ts';
import { type SghormerLayers, sghormerLayers, type Train } from './sghormer-layers.ts';

/**
 * SGHormer: a graph transformer whose layers speak in spikes. An independent implementation of the idea in
 * arXiv 2403.17656; the paper's equations and code were not available, the details are ours, and no number of
 * the paper is reproduced by it.
 *
 * Inputs: `x` `[V, F]` (or `values`, `rows`, `columns` `[Z]`), `edges` `[2, E]` with both directions of every
 * edge and one edge from each node to itself, `encoding` `[V, k]` if asked for; for whole graphs `graph` `[V]`
 * and `sizes` `[G]`. Output `logits` `[V, classes]` or `[G, classes]`. All T timesteps run in one timestep of
 * the graph, so run it with `timesteps: 1`, and compile with `batch: 'V'` or `'G'`. Registry:
 * `createRegistry([attention])`.
 *
 * Throws `invalid-argument` where options contradict each other.
 *
 * Source: Zhang et al. (2024), arXiv 2403.17656, abstract.
 */
export function sghormer(options: SghormerOptions): Graph {
  const config = parseSghormer(options);
  const b = createBuilder({ name: `sghormer-${config.preset}` });
  const network: Network = {
    b,
    config,
    inputs: addGraphInputs(b, config),
    layers: sghormerLayers(b, config),
    drop: dropoutLayers(b, config.dropout),
  };
  let h = encode(network);
  for (let layer = 0; layer < config.layers; layer++) h = addLayer(network, `layers.${layer}`, h);
  b.output('logits', readOut(network, h));
  const { seed, labels, ...architecture } = config;
  const graph = b.build({
    family: 'sghormer',
    architecture: jsonOf(architecture),
    ...(labels ? { labels } : {}),
  });
  return seed === undefined ? graph : initialiseGraphNetwork(graph, createRandom(seed));
}

/**
 * A trained SGHormer: the graph of the options with the tensors of a state dict. What a branch without weight
 * would need (`mix` 0 or 1) may be there or not.
 *
 * Throws one `checkpoint-mismatch` with every tensor that is missing, left over or of the wrong shape.
 */
export function loadSghormer(
  options: SghormerOptions,
  tensors: ReadonlyMap<string, Tensor>,
): Graph {
  const { mix } = parseSghormer(options);
  const global = ['layers.*.attn.*', 'layers.*.srb_a.*', 'layers.*.w_o.*'];
  const local = ['layers.*.srb_s.*', 'layers.*.w_l.*'];
  const idle = mix === 0 ? global : mix === 1 ? local : [];
  return loadWeights(sghormer(options), tensors, { ignore: ['*.num_batches_tracked', ...idle] });
}

/** The fields that are set. */
function jsonOf(fields: Readonly<Record<string, Json | undefined>>): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

interface Network {
  readonly b: Builder;
  readonly config: SghormerConfig;
  readonly inputs: GraphInputs;
  readonly layers: SghormerLayers;
  readonly drop: (x: Value) => Value;
}

/** From features to the residual stream, `[V, width]`. */
function encode({ b, config, inputs, layers, drop }: Network): Value {
  const { encoder, features, width, encoding, hops } = config;
  const given = mapFeatures(b, inputs.features, (x) => {
    const kept = drop(x);
    return encoder === 'spikes'
      ? layers.rectify('srb_in', layers.fire('s_in', kept), 'rate')
      : kept;
  });
  let h = projectFeatures(b, 'enc', given, features, width);
  if (encoding > 0) {
    const nodes = h.type.shape[0] ?? 1;
    const position = b.input('encoding', [nodes, encoding]);
    h = b.add(h, layers.linear('enc_pe', position, width));
  }
  for (let hop = 0; hop < hops; hop++)
    h = b.apply(graphPropagation, { x: h, edges: inputs.edges }, {}, `hop.${hop}`).out;
  return layers.norm('bn_in', h);
}

/** Attention to all nodes beside a step over edges, then a feed-forward block, each with a residual. */
function addLayer(network: Network, id: string, h: Value): Value {
  const { b, config, layers, drop } = network;
  const { width, hidden, mix } = config;
  const s = layers.fire(`${id}.s`, h);
  const parts = [
    ...(mix > 0 ? [b.mul(globalBranch(network, id, s), mix)] : []),
    ...(mix < 1 ? [b.mul(localBranch(network, id, s), 1 - mix)] : []),
  ];
  const [first, second] = parts as [Value, Value?];
  const mixed = second ? b.add(first, second, `${id}.mix`) : b.identity(first, `${id}.mix`);
  const h1 = b.add(h, drop(layers.norm(`${id}.bn_m`, mixed)), `${id}.H1`);
  const s2 = layers.fire(`${id}.s2`, h1);
  const inner = layers.norm(`${id}.bn_1`, layers.linear(`${id}.w_1`, s2.spikes, hidden));
  const rectified = layers.rectify(`${id}.srb_f`, layers.fire(`${id}.f`, inner));
  const outer = layers.norm(`${id}.bn_2`, layers.linear(`${id}.w_2`, rectified, width));
  return b.add(h1, drop(outer), `${id}.H2`);
}

function globalBranch({ b, config, inputs, layers }: Network, id: string, s: Train): Value {
  const { width, heads, scores, mask, edgeBias } = config;
  const spikesOf = (name: 'k' | 'q' | 'v'): Value => {
    const projected = layers.linear(`${id}.attn.w${name}`, s.spikes, width);
    return layers.fire(`${id}.attn.${name}`, layers.norm(`${id}.attn.bn_${name}`, projected))
      .spikes;
  };
  const needsEdges = mask === 'edges' || edgeBias !== 0;
  const { out } = b.apply(
    spikingGraphAttention,
    {
      q: spikesOf('q'),
      k: spikesOf('k'),
      v: spikesOf('v'),
      ...(needsEdges ? { edges: inputs.edges } : {}),
      ...inputs.membership,
    },
    {
      heads,
      scores,
      order: config.order,
      mask,
      edgeBias,
      scale: config.scale,
      scoreScale: config.scoreScale,
      weighting: config.weighting,
      rowBlock: config.rowBlock,
      ...config.scoreNeuron,
    },
    `${id}.attn.o`,
  );
  const attended = layers.fire(`${id}.attn.a`, layers.norm(`${id}.attn.bn_a`, out));
  return layers.linear(`${id}.w_o`, layers.rectify(`${id}.srb_a`, attended), width);
}

function localBranch({ b, config, inputs, layers }: Network, id: string, s: Train): Value {
  const features = layers.linear(`${id}.w_l`, layers.rectify(`${id}.srb_s`, s), config.width);
  return b.apply(graphPropagation, { x: features, edges: inputs.edges }, {}, `${id}.local`).out;
}

function readOut({ b, config, inputs, layers, drop }: Network, h: Value): Value {
  const z = layers.rectify('srb_out', layers.fire('s_out', h));
  const pooled = inputs.membership ? poolGraphs(b, z, inputs.membership) : z;
  const weight = b.param('head.weight', [config.classes, config.width]);
  const bias = b.param('head.bias', [config.classes]);
  return b.apply(linear, { x: drop(pooled), weight, bias }, {}, 'head').out;
}
