import { convertQcfs } from '@spikeloom/conversion';
import type { Graph, Registry } from '@spikeloom/ir';
import { convNet, lifActivation, qcfsActivation } from '@spikeloom/models';
import {
  firingRate,
  type Loss,
  meanOutputLoss,
  rcs,
  rcsActivation,
  tetLoss,
  type WeightedRegulariser,
} from '@spikeloom/training';

/** One network of the comparison: how it is trained, and how it becomes a spiking one. */
export interface Recipe {
  readonly name: string;
  /** What a row of the table calls it. */
  readonly title: string;
  /** Timesteps in training. */
  readonly trainedFor: number;
  /** Timesteps of the spiking network. */
  readonly timesteps: number;
  /** Epochs of the whole experiment; the quick one takes fewer. */
  readonly epochs: number;
  readonly loss: Loss;
  readonly regularisers: readonly WeightedRegulariser[];
  build(seed: number): Graph;
  /** The spiking network. */
  finish(trained: Graph, registry: Registry): Graph;
}

const qcfs = {
  trainedFor: 1,
  timesteps: 8,
  epochs: 8,
  loss: meanOutputLoss(),
  build: (seed: number): Graph => convNet({ activation: qcfsActivation({ levels: 4 }), seed }),
  finish: (trained: Graph, registry: Registry): Graph => convertQcfs(trained, { registry }).graph,
};

const tet = {
  trainedFor: 4,
  timesteps: 4,
  epochs: 4,
  loss: tetLoss(),
  build: (seed: number): Graph => convNet({ activation: lifActivation(), seed }),
  finish: (trained: Graph): Graph => trained,
};

/** The networks of the reference's own experiment, and one with our variant of the regulariser. */
export const recipes: readonly Recipe[] = [
  { ...qcfs, name: 'qcfs', title: 'QCFS', regularisers: [] },
  {
    ...qcfs,
    name: 'qcfs-rcs',
    title: 'QCFS, RCS',
    regularisers: [{ regulariser: rcsActivation(), weight: 0.005 }],
  },
  {
    ...qcfs,
    name: 'qcfs-anytime',
    title: 'QCFS, several lengths at once (ours)',
    trainedFor: 3,
    loss: tetLoss({ weight: 0 }),
    regularisers: [],
    build: (seed) =>
      convNet({ activation: qcfsActivation({ levels: 4, levelsPerStep: [4, 2, 1] }), seed }),
  },
  { ...tet, name: 'tet', title: 'TET', regularisers: [] },
  {
    ...tet,
    name: 'tet-rcs',
    title: 'TET, RCS',
    regularisers: [{ regulariser: rcs(), weight: 0.005 }],
  },
  {
    ...tet,
    name: 'tet-rate',
    title: 'TET, firing rate (ours)',
    regularisers: [{ regulariser: firingRate(), weight: 0.3 }],
  },
];
