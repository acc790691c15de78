import { type Graph, type GraphNode, inputRefs, type Ref } from '../graph.ts';
import type { Registry } from '../registry.ts';
import { sizeOf, type Tensor } from '../tensor.ts';
import { eliminateDeadCode } from './eliminate-dead-code.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

/**
 * Merges every batch normalisation that directly follows a convolution or linear layer into that layer's
 * weights, so that inference pays nothing for it. Layers whose output or weights are used elsewhere stay.
 */
export function foldBatchNorm(graph: Graph, registry: Registry): Graph {
  const plan = planFolds(graph);
  const { graph: rewritten } = rewrite(graph, registry, {
    replace: ({ node, op, inputs, builder, translate }) => {
      const weightOwner = plan.byWeight.get(node.id);
      if (weightOwner) {
        const { weight } = weightOwner.folded;
        const { trainable } = weightOwner;
        return { out: builder.param(node.id, weight.shape, { tensor: weight, trainable }) };
      }
      const layer = plan.byLayer.get(node.id);
      if (layer) {
        const { bias } = layer.folded;
        const { trainable } = layer;
        const id = layer.biasId ?? `${node.id}.bias`;
        const value = builder.param(layer.biasId ? `${id}.folded` : id, bias.shape, {
          tensor: bias,
          trainable,
        });
        return builder.apply(op, { ...inputs, bias: value }, node.attributes, node.id);
      }
      const norm = plan.byNorm.get(node.id);
      return norm ? { out: translate(norm.layer.id) } : undefined;
    },
  });
  return eliminateDeadCode(rewritten);
}

export const batchNormFolding: Pass = {
  id: 'spikeloom/fold-batch-norm',
  summary: 'Merges batch normalisation into the convolution or linear layer before it.',
  run: foldBatchNorm,
};

interface Fold {
  readonly layer: GraphNode;
  readonly biasId: string | undefined;
  /** Whether training may change the weights of the layer. */
  readonly trainable: boolean;
  readonly folded: { readonly weight: Tensor; readonly bias: Tensor };
}

function planFolds(graph: Graph): {
  byWeight: Map<string, Fold>;
  byLayer: Map<string, Fold>;
  byNorm: Map<string, Fold>;
} {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const uses = countUses(graph);
  const plan = {
    byWeight: new Map<string, Fold>(),
    byLayer: new Map<string, Fold>(),
    byNorm: new Map<string, Fold>(),
  };
  for (const norm of graph.nodes) {
    if (norm.op !== 'spikeloom/batch-norm') continue;
    const layer = byId.get(String(norm.inputs['x']));
    const isLayer = layer?.op === 'spikeloom/conv2d' || layer?.op === 'spikeloom/linear';
    // A linear layer puts its outputs on the last axis; the normalisation works on axis 1.
    if (
      !layer ||
      !isLayer ||
      (layer.op === 'spikeloom/linear' && layer.outputs['out']!.shape.length !== 2)
    )
      continue;
    const weightId = String(layer.inputs['weight']);
    if (uses.get(layer.id) !== 1 || uses.get(weightId) !== 1) continue;
    const tensors = ['weight', 'bias', 'mean', 'variance'].map((name) =>
      graph.weights.get(String(norm.inputs[name])),
    );
    const [scale, shift, mean, variance] = tensors;
    const weight = graph.weights.get(weightId);
    const biasRef = layer.inputs['bias'];
    const bias = biasRef === undefined ? undefined : graph.weights.get(String(biasRef));
    if (!weight || !scale || !shift || !mean || !variance || (biasRef !== undefined && !bias))
      continue;
    const epsilon = Number(norm.attributes['epsilon']);
    const folded = foldTensors(weight, bias, { scale, shift, mean, variance, epsilon });
    const biasId = biasRef === undefined ? undefined : String(biasRef);
    const trainable = byId.get(weightId)?.attributes['trainable'] !== false;
    const fold = { layer, biasId, trainable, folded };
    plan.byWeight.set(weightId, fold);
    plan.byLayer.set(layer.id, fold);
    plan.byNorm.set(norm.id, fold);
  }
  return plan;
}

function foldTensors(
  weight: Tensor,
  bias: Tensor | undefined,
  norm: { scale: Tensor; shift: Tensor; mean: Tensor; variance: Tensor; epsilon: number },
): { weight: Tensor; bias: Tensor } {
  const outputs = weight.shape[0] ?? 1;
  const perOutput = sizeOf(weight.shape) / outputs;
  const newWeight = new Float32Array(weight.data.length);
  const newBias = new Float32Array(outputs);
  for (let out = 0; out < outputs; out++) {
    const factor = norm.scale.data[out]! / Math.sqrt(norm.variance.data[out]! + norm.epsilon);
    for (let index = out * perOutput; index < (out + 1) * perOutput; index++) {
      newWeight[index] = weight.data[index]! * factor;
    }
    newBias[out] = ((bias?.data[out] ?? 0) - norm.mean.data[out]!) * factor + norm.shift.data[out]!;
  }
  return {
    weight: { shape: weight.shape, dtype: 'float32', data: newWeight },
    bias: { shape: [outputs], dtype: 'float32', data: newBias },
  };
}

function countUses(graph: Graph): Map<Ref, number> {
  const uses = new Map<Ref, number>();
  const refs = [...graph.nodes.flatMap(inputRefs), ...Object.values(graph.outputs)];
  for (const ref of refs) uses.set(ref, (uses.get(ref) ?? 0) + 1);
  return uses;
}
