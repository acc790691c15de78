export { readCifar } from './cifar.ts';
export { type Aedat2Convention, type Aedat2Options, readAedat2 } from './events/aedat2.ts';
export { type Aedat3Options, type Interval, readAedat3 } from './events/aedat3.ts';
export type { PacketLength } from './events/aedat3-packets.ts';
export { blobBytes, bytesInMemory, type ByteSource, type OpenBytes } from './events/byte-source.ts';
export { type Cifar10DvsOptions, openCifar10Dvs } from './events/cifar10-dvs-folder.ts';
export { cropEvents, cropTime, type PixelArea } from './events/crop-events.ts';
export type { DataFolder, EventSplit } from './events/data-folder.ts';
export { downsampleEvents } from './events/downsample-events.ts';
export { openDvsGesture } from './events/dvs-gesture-folder.ts';
export type { OutsideRule } from './events/event-columns.ts';
export { type EventSource, mapEvents } from './events/event-source.ts';
export {
  collectEvents,
  type Events,
  eventsInMemory,
  type EventStream,
} from './events/event-stream.ts';
export {
  type FrameBatch,
  framesOf,
  type FrameSource,
  stepsFirst,
  toSequence,
} from './events/frame-source.ts';
export { movingBars, type MovingBarsOptions } from './events/moving-bars.ts';
export { type NMnistOptions, readNMnist } from './events/n-mnist.ts';
export { openNMnist } from './events/n-mnist-folder.ts';
export { type FrameOptions, toFrames } from './events/to-frames.ts';
export { readAdjacencyText } from './graphs/adjacency-text.ts';
export { type EdgeListOptions, readEdgeList } from './graphs/edge-list-file.ts';
export type { DenseFeatures, FeatureMatrix, SparseFeatures } from './graphs/feature-matrix.ts';
export { readGnnBenchmark } from './graphs/gnn-benchmark.ts';
export { type GraphBatch, graphBatch } from './graphs/graph-batch.ts';
export type {
  DroppedEdges,
  EdgeList,
  GraphData,
  GraphSet,
  NodeSplit,
} from './graphs/graph-data.ts';
export { messages, type NodeInputOptions, nodeInputs } from './graphs/graph-tensors.ts';
export { karateClub } from './graphs/karate-club.ts';
export { nodeAccuracy, nodeTargets } from './graphs/node-targets.ts';
export { type OgbFiles, type OgbOptions, readOgbGraphs, readOgbNodes } from './graphs/ogb.ts';
export { partitionGraph } from './graphs/partition-graph.ts';
export { type PlanetoidFiles, readPlanetoid } from './graphs/planetoid.ts';
export { randomSplit, type RandomSplitOptions, stratifiedFolds } from './graphs/random-splits.ts';
export { sampleNeighbours } from './graphs/sample-neighbours.ts';
export { type BlockModelOptions, stochasticBlockModel } from './graphs/stochastic-block-model.ts';
export { inducedSubgraph, type Subgraph } from './graphs/subgraph.ts';
export { graphFromTensors } from './graphs/tensor-graph.ts';
export { readTuCollection, type TuFiles } from './graphs/tu-collection.ts';
export { fashionMnistClasses, fashionMnistNormalisation } from './fashion-mnist.ts';
export { type IdxArray, readIdx } from './idx.ts';
export {
  type BatchOptions,
  type ImageBatch,
  imagesInMemory,
  type ImageSource,
  type Normalisation,
  normalise,
} from './image-source.ts';
export { fashionMnistSample } from './sample.ts';
