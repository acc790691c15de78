import type { FeatureMatrix } from './feature-matrix.ts';

/** A graph with what is known of its nodes. */
export interface GraphData {
  readonly name: string;
  /** V, at least 1. */
  readonly nodes: number;
  readonly edges: EdgeList;
  readonly features?: FeatureMatrix;
  /** The class of every node, from 0; -1 where it is not known. */
  readonly labels?: Int32Array;
  /** How many classes there are. */
  readonly classes?: number;
  /** Ways to divide the nodes that came with the data. */
  readonly splits: readonly NodeSplit[];
  /** What of the source is not in `edges`. */
  readonly dropped: DroppedEdges;
}

/** Edges between different nodes, every one once, in the order of their ends. */
export interface EdgeList {
  /** Whether an edge leads from one end to the other only; otherwise `from` is the lower end. */
  readonly directed: boolean;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

export interface DroppedEdges {
  readonly selfLoops: number;
  /** Edges that were there already, the other way round included unless the graph is directed. */
  readonly duplicates: number;
}

/** Which nodes, or which graphs of a set, to train on and which to keep for later, by their numbers. */
export interface NodeSplit {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

/** Graphs that are classified as a whole. */
export interface GraphSet {
  readonly name: string;
  readonly graphs: readonly GraphData[];
  /** The class of every graph, from 0. */
  readonly labels: Int32Array;
  readonly classes: number;
  readonly splits: readonly NodeSplit[];
}
