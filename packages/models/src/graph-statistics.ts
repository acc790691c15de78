import {
  batchNorm,
  type Builder,
  type Graph,
  type Registry,
  rewrite,
  SpikeloomError,
  type Tensor,
  type Value,
} from '@spikeloom/ir';

/**
 * A graph that measures what batch normalisations should know: its outputs are their means and variances over
 * the inputs of one run, by the names of the buffers, each normalisation working with what is measured.
 *
 * Running statistics lag behind: they start at a variance of 1, while sums over sparse spikes vary by a hundredth
 * of that, so a network that was trained for a few steps is silent in inference. Measure them before looking at
 * accuracies. For graphs without states; variances are unbiased, as running ones are.
 *
 * Throws `invalid-argument` for a network without batch normalisation.
 */
export function batchStatistics(graph: Graph, registry: Registry): Graph {
  const { graph: open } = rewrite(graph, registry, {
    keep: (op) => op.lower === undefined || op.id === batchNorm.id,
  });
  const measured = new Set<string>();
  const { graph: measuring } = rewrite(open, registry, {
    replace: ({ node, builder, inputs }) => {
      if (node.op !== batchNorm.id) return undefined;
      const { mean, variance, count } = measure(builder.scope(node.id), inputs['x'] as Value);
      const unbiased = builder.mul(variance, builder.div(count, moreThanOne(builder, count)));
      for (const [name, value] of Object.entries({ mean, variance: unbiased })) {
        const buffer = String(node.inputs[name]);
        // A second reader of the same statistics would measure something else.
        if (!measured.has(buffer)) builder.output(buffer, value);
        measured.add(buffer);
      }
      const given = inputs as Record<'weight' | 'bias' | 'x', Value>;
      return builder.apply(
        batchNorm,
        { ...given, mean, variance },
        { epsilon: Number(node.attributes['epsilon']) },
        node.id,
      );
    },
  });
  if (measured.size === 0) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: graph.name,
      message: 'the network has no batch normalisation to measure for',
    });
  }
  const kept = Object.entries(measuring.outputs).filter(([name]) => measured.has(name));
  return { ...measuring, outputs: Object.fromEntries(kept) };
}

/**
 * The graph with the statistics of a run of `batchStatistics`.
 *
 * @param found what the run gave, `[1, C]` by buffer
 */
export function withStatistics(graph: Graph, found: Readonly<Record<string, Tensor>>): Graph {
  const weights = new Map(graph.weights);
  for (const [buffer, { shape, dtype, data }] of Object.entries(found))
    weights.set(buffer, { shape: shape.slice(1), dtype, data });
  return { ...graph, weights };
}

/** Over all axes but the channels, axis 1. */
function measure(
  b: Builder,
  x: Value,
): { readonly mean: Value; readonly variance: Value; readonly count: Value } {
  const axes = x.type.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const centre = b.mean(x, axes, true);
  const centred = b.sub(x, centre);
  const others = x.type.shape.filter((_, axis) => axis !== 1);
  const ones = b.broadcastTo(b.constant(1), others);
  return {
    mean: b.reshape(centre, [x.type.shape[1] ?? 1]),
    variance: b.mean(b.mul(centred, centred), axes),
    count: b.sum(
      ones,
      others.map((_, axis) => axis),
    ),
  };
}

function moreThanOne(b: Builder, count: Value): Value {
  return b.maximum(b.sub(count, 1), 1);
}
