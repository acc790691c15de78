import type { Graph } from '../graph.ts';
import type { Registry } from '../registry.ts';

/** A transformation of graphs that needs nothing but the graph. */
export interface Pass {
  /** `vendor/name`. */
  readonly id: string;
  readonly summary: string;
  run(graph: Graph, registry: Registry): Graph;
}
