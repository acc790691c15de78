import { cleanEdges } from './edge-list.ts';
import type { GraphData } from './graph-data.ts';

/** The later neighbours of each member, from 0. */
const friendships: readonly (readonly number[])[] = [
  [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31],
  [2, 3, 7, 13, 17, 19, 21, 30],
  [3, 7, 8, 9, 13, 27, 28, 32],
  [7, 12, 13],
  [6, 10],
  [6, 10, 16],
  [16],
  [],
  [30, 32, 33],
  [33],
  [],
  [],
  [],
  [33],
  [32, 33],
  [32, 33],
  [],
  [],
  [32, 33],
  [33],
  [32, 33],
  [],
  [32, 33],
  [25, 27, 29, 32, 33],
  [25, 27, 31],
  [31],
  [29, 33],
  [33],
  [31, 33],
  [32, 33],
  [32, 33],
  [32, 33],
  [33],
  [],
];

/** Who stayed with the instructor, member 0; the others went with the officers' club of member 33. */
const withInstructor = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 16, 17, 19, 21];

/**
 * Zachary's karate club: 34 members, 78 friendships, and the two clubs they went to after a quarrel, class 0 that of
 * the instructor. Features are the members themselves, one-hot. Its split trains on the two leaders alone.
 *
 * Source: Zachary (1977), Journal of Anthropological Research 33, p. 452.
 */
export function karateClub(): GraphData {
  const nodes = friendships.length;
  const pairs = friendships.flatMap((others, from) => others.map((to) => [from, to] as const));
  const labels = Int32Array.from({ length: nodes }, (_, node) =>
    Number(!withInstructor.includes(node)),
  );
  const leaders = Int32Array.of(0, 33);
  const others = Int32Array.from(labels.keys()).filter((node) => !leaders.includes(node));
  return {
    name: 'karate club',
    nodes,
    ...cleanEdges({
      path: 'karate club',
      nodes,
      from: pairs.map(([from]) => from),
      to: pairs.map(([, to]) => to),
    }),
    features: {
      kind: 'sparse',
      columns: nodes,
      starts: Int32Array.from({ length: nodes + 1 }, (_, node) => node),
      indices: Int32Array.from(labels.keys()),
      values: new Float32Array(nodes).fill(1),
    },
    labels,
    classes: 2,
    splits: [{ train: leaders, validation: new Int32Array(), test: others }],
  };
}
