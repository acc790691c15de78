import {
  type Graph,
  type GraphNode,
  linear,
  type Ref,
  type Registry,
  rewrite,
  type Tensor,
  type Value,
  eliminateDeadCode,
} from '@spikeloom/ir';
import { multiThreshold, parallelThresholds, thresholdsOf } from '@spikeloom/neurons';

export interface Expanded {
  readonly graph: Graph;
  /** Paths of the neurons that became binary channels. */
  readonly expanded: readonly string[];
  /** Neurons that stayed as they were, and why. */
  readonly compact: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Parallel parameter normalisation: shows every multi-threshold neuron before a linear layer as 2n binary
 * channels, and gives the layer one copy of its weights per threshold, scaled by it. The results are the
 * same up to the order of additions; afterwards the layer only adds weights.
 *
 * Source: ECMT (arXiv 2502.21193), parallel parameter normalisation.
 */
export function expandParallel(graph: Graph, registry: Registry): Expanded {
  const expanded: string[] = [];
  const compact: { path: string; reason: string }[] = [];
  const byNeuron = new Map<Ref, GraphNode>();
  const outputs = new Set(Object.values(graph.outputs));
  for (const node of graph.nodes) {
    if (node.op !== multiThreshold.id) continue;
    const readers = graph.nodes.filter((reader) =>
      Object.values(reader.inputs).flat().includes(node.id),
    );
    const others = readers.filter(
      (reader) => reader.op !== linear.id || !graph.weights.has(String(reader.inputs['weight'])),
    );
    if (outputs.has(node.id)) {
      compact.push({ path: node.id, reason: 'its spikes are an output of the network' });
    } else if (others.length > 0) {
      compact.push({
        path: node.id,
        reason: `${others[0]!.id} (${others[0]!.op}) is not a linear layer with weights to scale`,
      });
    } else {
      expanded.push(node.id);
      byNeuron.set(node.id, node);
    }
  }
  const { graph: rewritten } = rewrite(graph, registry, {
    replace: ({ node, inputs, builder }) => {
      if (byNeuron.has(node.id)) {
        const { base: _, ...attributes } = node.attributes;
        return builder.apply(parallelThresholds, inputs, attributes, node.id);
      }
      const neuron = node.op === linear.id ? byNeuron.get(String(node.inputs['x'])) : undefined;
      if (!neuron) return undefined;
      const name = String(node.inputs['weight']);
      const scaled = scaleCopies(graph.weights.get(name)!, thresholdsFor(neuron));
      const weight: Value = builder.param(`${node.id}.parallel_weight`, scaled.shape, {
        tensor: scaled,
      });
      return builder.apply(
        linear,
        { x: inputs['x'] as Value, weight, bias: inputs['bias'] as Value | undefined },
        {},
        node.id,
      );
    },
  });
  return { graph: eliminateDeadCode(rewritten), expanded, compact };
}

function thresholdsFor({ attributes }: GraphNode): number[] {
  return thresholdsOf({
    positive: Number(attributes['positive']),
    negative: Number(attributes['negative']),
    levels: Number(attributes['levels']),
    perOctave: Number(attributes['perOctave']),
  });
}

/** `[O, I]` to `[O, thresholds * I]`, one scaled copy after the other in every row. */
function scaleCopies(weight: Tensor, thresholds: readonly number[]): Tensor {
  const [rows, columns] = weight.shape as readonly [number, number];
  const data = new Float32Array(weight.data.length * thresholds.length);
  for (let row = 0; row < rows; row++) {
    thresholds.forEach((threshold, copy) => {
      const target = (row * thresholds.length + copy) * columns;
      for (let column = 0; column < columns; column++) {
        data[target + column] = weight.data[row * columns + column]! * Math.fround(threshold);
      }
    });
  }
  return { shape: [rows, columns * thresholds.length], dtype: 'float32', data };
}
