import { spikingRectify } from '@spikeloom/attention';
import {
  type Builder,
  type Graph,
  type GraphNode,
  linear,
  nodeIdOf,
  type Registry,
  rewrite,
  type RewriteSite,
  type Value,
} from '@spikeloom/ir';

/**
 * Moves rectify blocks by rates into the linear layers behind them, so that those layers work on spikes:
 * scale, normalisation and mean over time become part of weights and bias. Changes results by rounding only.
 * Blocks by membranes, which hand on real numbers, stay.
 *
 * `W z + b = sum over t of (threshold / T) W diag(s) S[t] + b + W (beta - s mean)`, s = gamma / sqrt(variance +
 * epsilon).
 */
export function foldRectify(graph: Graph, registry: Registry): Graph {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  return rewrite(graph, registry, {
    replace: (site) => {
      const source = nodes.get(nodeIdOf(String(site.node.inputs['x'])));
      const isFoldable =
        site.op.id === linear.id &&
        source?.op === spikingRectify.id &&
        byRates.has(source.attributes['mode']);
      return isFoldable ? { out: foldInto(site, source) } : undefined;
    },
  }).graph;
}

const byRates: ReadonlySet<unknown> = new Set(['rate', 'rate-norm']);

/** The linear layer on the spikes that the rectify block had. */
function foldInto({ builder, node, inputs, translate }: RewriteSite, block: GraphNode): Value {
  const b = builder.scope(node.id);
  const spikes = translate(String(block.inputs['spikes']));
  const weight = inputs['weight'] as Value;
  const share = Number(block.attributes['threshold']) / Number(spikes.type.shape[0]);
  const norm = block.attributes['mode'] === 'rate-norm' ? affineOf(b, block, translate) : undefined;
  const scaled = b.mul(norm ? b.mul(weight, norm.scale) : weight, share);
  const synaptic = b.apply(linear, { x: spikes, weight: scaled }, {}, 'spikes').out;
  const sum = b.sum(synaptic, [0]);
  const moved = norm && b.apply(linear, { x: norm.shift, weight }, {}, 'shift').out;
  const given = inputs['bias'] as Value | undefined;
  const bias = given && moved ? b.add(given, moved) : (given ?? moved);
  return bias ? builder.add(sum, bias, node.id) : builder.identity(sum, node.id);
}

/** The normalisation of a block as `scale * x + shift`, `[C]` each. */
function affineOf(
  b: Builder,
  block: GraphNode,
  translate: (ref: string) => Value,
): { readonly scale: Value; readonly shift: Value } {
  const given = (name: string): Value => translate(String(block.inputs[name]));
  const deviation = b.sqrt(b.add(given('variance'), Number(block.attributes['epsilon'])));
  const scale = b.div(given('weight'), deviation);
  return { scale, shift: b.sub(given('bias'), b.mul(given('mean'), scale)) };
}
