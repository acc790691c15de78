import type { Builder, Graph, GraphNode, Value } from '@spikeloom/ir';

/** A term that is added to the loss and looks at values inside the network. */
export interface Regulariser {
  /** `vendor/name`. */
  readonly id: string;
  /** The term of a batch, a value of shape `[]`. */
  build(b: Builder, call: RegulariserCall): Value;
}

export interface RegulariserCall {
  /** The network in training: look here for the nodes to watch. */
  readonly graph: Graph;
  /** T. */
  readonly timesteps: number;
  /**
   * A value of the network at every timestep, `[T, N, …]`, by ref: an output of a node (`conv1`), or a value
   * inside a neuron: `<node>.spikes` (0 or 1), `<node>.potential` (after the reset).
   */
  tap(ref: string): Value;
  /** The network's output at every timestep, `[T, N, C]`. */
  readonly logits: Value;
  /** `[N, C]`. */
  readonly target: Value;
  /** 1 for every sample whose output is right at each of the last `steps` timesteps, else 0: `[N]`. */
  correct(steps: number): Value;
}

/** The integrate-and-fire neurons of a network (if, lif, plif), in the order in which they run. */
export function neuronNodes(graph: Graph): GraphNode[] {
  return graph.nodes.filter(({ op }) => /^spikeloom\.neurons\/(?:if|lif|plif)$/.test(op));
}
