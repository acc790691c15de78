import {
  createRandom,
  type Graph,
  type GraphNode,
  inputRefs,
  linear,
  sizeOf,
  SpikeloomError,
  type Tensor,
  tensor,
} from '@spikeloom/ir';

export interface ReplaceClassifierOptions {
  /** The output with the logits. Default: the only one. */
  readonly output?: string;
  /** Draws the new weights, normal with the deviation 0.02, and biases of 0; without it there are none. */
  readonly seed?: number;
  /** Names of the new classes, stored in the model. */
  readonly labels?: readonly string[];
}

/**
 * The network with another last layer, for transfer to other classes. All other weights stay.
 *
 * Throws `unsupported` unless the output is that of a linear layer which nothing else uses.
 */
export function replaceClassifier(
  graph: Graph,
  classes: number,
  { output, seed, labels }: ReplaceClassifierOptions = {},
): Graph {
  requireClasses(classes, labels);
  const layer = classifierOf(graph, output);
  const parameters = [layer.inputs['weight'], layer.inputs['bias']].filter(
    (ref) => ref !== undefined,
  );
  const changed = new Set([layer.id, ...parameters.map(String)]);
  const weights = new Map([...graph.weights].filter(([name]) => !changed.has(name)));
  const random = seed === undefined ? undefined : createRandom(seed);
  const nodes = graph.nodes.map((node) => {
    if (!changed.has(node.id)) return node;
    // A linear layer has its classes last, its parameters have them first.
    const isLayer = node.id === layer.id;
    const { shape } = node.outputs['out']!;
    const wanted = isLayer ? [...shape.slice(0, -1), classes] : [classes, ...shape.slice(1)];
    const outputs: GraphNode['outputs'] = { out: { ...node.outputs['out']!, shape: wanted } };
    if (isLayer) return { ...node, outputs };
    if (random) {
      const next = (): number => (wanted.length > 1 ? 0.02 * random.normal() : 0);
      weights.set(node.id, filled(wanted as readonly number[], next));
    }
    return { ...node, attributes: { ...node.attributes, shape: wanted }, outputs };
  });
  const { labels: _, ...metadata } = graph.metadata;
  return {
    ...graph,
    nodes,
    weights,
    metadata: { ...metadata, ...(labels ? { labels: [...labels] } : {}) },
  };
}

function classifierOf(graph: Graph, output: string | undefined): GraphNode {
  const names = Object.keys(graph.outputs);
  const name = output ?? (names.length === 1 ? names[0]! : undefined);
  const ref = name === undefined ? undefined : graph.outputs[name];
  if (ref === undefined) {
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'replaceClassifier',
      message: 'which output holds the logits?',
      expected: `output: one of ${names.join(', ')}`,
      ...(output === undefined ? {} : { got: output }),
    });
  }
  const layer = graph.nodes.find(({ id }) => id === ref);
  const users = (id: string): number =>
    graph.nodes.flatMap(inputRefs).filter((used) => used === id).length;
  const isAlone =
    layer?.op === linear.id && users(layer.id) === 0 && users(String(layer.inputs['weight'])) === 1;
  if (isAlone) return layer;
  throw new SpikeloomError({
    code: 'unsupported',
    path: ref,
    message: 'the output is not that of a linear layer of its own',
    ...(layer ? { got: layer.op } : {}),
    fix: 'build the network with the new number of classes and load its weights by name',
  });
}

function requireClasses(classes: number, labels: readonly string[] | undefined): void {
  const isCount = Number.isSafeInteger(classes) && classes > 0;
  if (isCount && (labels?.length ?? classes) === classes) return;
  throw new SpikeloomError({
    code: 'invalid-argument',
    path: 'replaceClassifier',
    message: isCount ? 'every class has one label' : 'classes is a positive whole number',
    got: isCount ? `${labels?.length} labels for ${classes} classes` : `${classes}`,
  });
}

function filled(shape: readonly number[], next: () => number): Tensor {
  return tensor(Array.from({ length: sizeOf(shape) }, next), shape);
}
