import { type Random, SpikeloomError } from '@spikeloom/ir';
import { cleanEdges } from './edge-list.ts';
import type { GraphData } from './graph-data.ts';
import { randomSplit, type RandomSplitOptions } from './random-splits.ts';

export interface BlockModelOptions {
  /** Nodes of each community. */
  readonly sizes: readonly number[];
  /** How likely an edge is between two nodes of one community. */
  readonly within: number;
  /** How likely it is between two nodes of different ones. */
  readonly between: number;
  /** Features of a node: normal with variance 1 around the centre of its community. Default 8. */
  readonly features?: number;
  /** How far centres lie from the origin: 0 hides the communities. Default 1. */
  readonly separation?: number;
  /** The split to draw; default 5 nodes of every community to train on, 5 to validate. */
  readonly split?: RandomSplitOptions;
}

/**
 * A random graph with communities, which are its classes. The same random source gives the same graph.
 *
 * Source: Holland, Laskey & Leinhardt (1983), Social Networks 5, p. 109.
 */
export function stochasticBlockModel(
  {
    sizes,
    within,
    between,
    features = 8,
    separation = 1,
    split = { train: 5, validation: 5 },
  }: BlockModelOptions,
  random: Random,
): GraphData {
  for (const [name, share] of Object.entries({ within, between })) {
    if (share >= 0 && share <= 1) continue;
    throw new SpikeloomError({
      code: 'invalid-argument',
      path: 'stochasticBlockModel',
      message: `${name} is a probability`,
      expected: '0 to 1',
      got: `${share}`,
    });
  }
  const labels = Int32Array.from(
    sizes.flatMap((size, community) => Array.from({ length: size }, () => community)),
  );
  const nodes = labels.length;
  const from: number[] = [];
  const to: number[] = [];
  for (let a = 0; a < nodes; a++) {
    for (let b = a + 1; b < nodes; b++) {
      if (random.uniform() >= (labels[a] === labels[b] ? within : between)) continue;
      from.push(a);
      to.push(b);
    }
  }
  const centres = sizes.map(() => direction(random, features).map((x) => separation * x));
  const values = new Float32Array(nodes * features);
  for (let node = 0; node < nodes; node++) {
    for (let column = 0; column < features; column++)
      values[node * features + column] = centres[labels[node]!]![column]! + random.normal();
  }
  return {
    name: 'stochastic block model',
    nodes,
    ...cleanEdges({ path: 'stochastic block model', nodes, from, to }),
    features: { kind: 'dense', columns: features, values },
    labels,
    classes: sizes.length,
    splits: [randomSplit(labels, random, split)],
  };
}

/** A random vector of length 1. */
function direction(random: Random, size: number): number[] {
  const vector = Array.from({ length: size }, random.normal);
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}
