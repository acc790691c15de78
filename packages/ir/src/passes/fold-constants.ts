import { mapNames } from '../builder.ts';
import { type Graph, type GraphNode, inputRefs, type Ref } from '../graph.ts';
import type { PerName } from '../operator.ts';
import type { Registry } from '../registry.ts';
import { type Tensor, tensor } from '../tensor.ts';
import { eliminateDeadCode } from './eliminate-dead-code.ts';
import { rewrite } from './rewrite.ts';

/** Computes one node from tensors; a backend's business, so it is passed in. */
export type Evaluate = (
  node: GraphNode,
  inputs: PerName<Tensor>,
) => Readonly<Record<string, Tensor>>;

/**
 * Replaces every primitive that only sees weights and constants by its result; lower the graph first to
 * fold inside other operators. The results are stored as
 * weights that cannot be trained, so fold for inference only.
 */
export function foldConstants(graph: Graph, registry: Registry, evaluate: Evaluate): Graph {
  const known = new Map<Ref, Tensor>();
  const folded = new Map<Ref, Tensor>();
  for (const node of graph.nodes) {
    if (node.op === 'spikeloom/param' || node.op === 'spikeloom/buffer') {
      const weight = graph.weights.get(node.id);
      if (weight) known.set(node.id, weight);
    } else if (node.op === 'spikeloom/constant') {
      known.set(
        node.id,
        tensor([Number(node.attributes['value'])], [], node.outputs['out']!.dtype),
      );
    } else if (!registry.operator(node.op).lower && canFold(node, known)) {
      const result = evaluate(
        node,
        mapNames(node.inputs, (ref) => known.get(ref)!),
      )['out']!;
      known.set(node.id, result);
      folded.set(node.id, result);
    }
  }
  const { graph: rewritten } = rewrite(graph, registry, {
    replace: ({ node, builder }) => {
      const result = folded.get(node.id);
      if (!result) return undefined;
      const { shape, dtype } = result;
      return { out: builder.param(node.id, shape, { dtype, trainable: false, tensor: result }) };
    },
  });
  return eliminateDeadCode(rewritten);
}

function canFold(node: GraphNode, known: ReadonlyMap<Ref, Tensor>): boolean {
  const refs = inputRefs(node);
  const { out } = node.outputs;
  return (
    refs.length > 0 &&
    refs.every((ref) => known.has(ref)) &&
    Object.keys(node.outputs).length === 1 &&
    out !== undefined &&
    // A stored weight is a plain number array: the type must not promise more.
    out.signal.kind === 'real' &&
    out.shape.every((dim) => typeof dim === 'number')
  );
}
