import {
  type Graph,
  type GraphNode,
  type Problem,
  type Random,
  sizeOf,
  type Tensor,
  tensor,
  throwProblems,
} from '@spikeloom/ir';

/**
 * Gives every parameter without a tensor the numbers that training starts from. Convolutions: normal with
 * the variance 2 / fan-out (He et al. 2015, arXiv 1502.01852). Linear layers and all biases: uniform in
 * ±1 / sqrt(fan-in), PyTorch's default. Normalisations: scale 1, shift 0, mean 0, variance 1.
 *
 * The same graph and random source give the same numbers. Throws `missing-weight` with every parameter that
 * belongs to no such layer.
 */
export function initialiseWeights(graph: Graph, random: Random): Graph {
  const roles = new Map<string, Role>();
  for (const node of graph.nodes) {
    for (const [name, initialise] of Object.entries(initialisers[node.op] ?? {})) {
      const ref = node.inputs[name];
      if (typeof ref === 'string' && !roles.has(ref)) roles.set(ref, { initialise, layer: node });
    }
  }
  const shapes = new Map(graph.nodes.map(({ id, outputs }) => [id, outputs['out']?.shape]));
  const weights = new Map(graph.weights);
  const problems: Problem[] = [];
  for (const { id, op } of graph.nodes) {
    if ((op !== 'spikeloom/param' && op !== 'spikeloom/buffer') || weights.has(id)) continue;
    const role = roles.get(id);
    const shapeOf = (ref: string): readonly number[] => shapes.get(ref) as readonly number[];
    if (role) {
      const weight = shapeOf(String(role.layer.inputs['weight']));
      const next = role.initialise(random, weight);
      weights.set(id, filled(shapeOf(id), next));
    } else problems.push(noRule(id));
  }
  throwProblems('missing-weight', `graph "${graph.name}"`, problems);
  return { ...graph, weights };
}

interface Role {
  readonly initialise: Initialiser;
  readonly layer: GraphNode;
}

/** Draws numbers for a parameter, given the shape of its layer's weights. */
type Initialiser = (random: Random, weight: readonly number[]) => () => number;

const fanOut: Initialiser = (random, [outputs, , ...kernel]) => {
  const deviation = Math.sqrt(2 / (outputs! * sizeOf(kernel)));
  return () => deviation * random.normal();
};

const fanIn: Initialiser = (random, [, ...inputs]) => {
  const bound = 1 / Math.sqrt(sizeOf(inputs));
  return () => bound * (2 * random.uniform() - 1);
};

const always =
  (value: number): Initialiser =>
  () =>
  () =>
    value;

const normalisation = {
  weight: always(1),
  bias: always(0),
  mean: always(0),
  variance: always(1),
  p: always(1),
};

/** By operator and input. */
const initialisers: Readonly<Record<string, Readonly<Record<string, Initialiser>>>> = {
  'spikeloom/conv2d': { weight: fanOut, bias: fanIn },
  'spikeloom/linear': { weight: fanIn, bias: fanIn },
  'spikeloom/batch-norm': normalisation,
  'spikeloom/temporal-batch-norm': normalisation,
  'spikeloom/layer-norm': normalisation,
};

function filled(shape: readonly number[], next: () => number): Tensor {
  const data = new Float32Array(sizeOf(shape));
  for (let index = 0; index < data.length; index++) data[index] = next();
  return tensor(data, shape);
}

function noRule(path: string): Problem {
  return {
    code: 'missing-weight',
    path,
    message: 'there is no rule to initialise this parameter with',
    fix: 'give its tensor when it is added to the graph',
  };
}
