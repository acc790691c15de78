export {
  type Activation,
  clipActivation,
  lifActivation,
  qcfsActivation,
  reluActivation,
  type ThresholdOptions,
} from './activation.ts';
export { convNet, type ConvNetOptions, loadConvNet } from './conv-net.ts';
export { gat, type GatOptions } from './graph-gat.ts';
export { gcn, type GcnOptions } from './graph-gcn.ts';
export {
  compileInParts,
  type PartsOptions,
  type PartsProgram,
  type PartsRunOptions,
} from './graph-parts.ts';
export { batchStatistics, withStatistics } from './graph-statistics.ts';
export { graphTransformer, type GraphTransformerOptions } from './graph-transformer.ts';
export { initialiseGraphNetwork } from './graph-weights.ts';
export { initialiseWeights } from './initialise-weights.ts';
export { loadResnet } from './load-resnet.ts';
export { loadVgg } from './load-vgg.ts';
export { loadVit } from './load-vit.ts';
export { type LoadOptions, loadWeights } from './load-weights.ts';
export { type Preprocess, preprocessSchema } from './preprocess.ts';
export { replaceClassifier, type ReplaceClassifierOptions } from './replace-classifier.ts';
export { resnet } from './resnet.ts';
export type { ResnetOptions } from './resnet-config.ts';
export { loadSghormer, sghormer } from './sghormer.ts';
export {
  parseSghormer,
  type SghormerConfig,
  type SghormerOptions,
  sghormerSchema,
} from './sghormer-config.ts';
export { foldRectify } from './sghormer-fold.ts';
export { sewResnet, type SewResnetOptions } from './sew-resnet.ts';
export { loadSpikingResformer, spikingResformer } from './spiking-resformer.ts';
export {
  dualSpikeBlock,
  type DualSpikeBlockOptions,
  type FeedForwardOptions,
  groupWiseFeedForward,
  spikingDownsample,
} from './spiking-resformer-blocks.ts';
export {
  parseSpikingResformer,
  type SpikingResformerConfig,
  type SpikingResformerOptions,
  spikingResformerSchema,
} from './spiking-resformer-config.ts';
export type { BlockNeurons } from './spiking-resformer-layers.ts';
export { initialiseSpikingResformer } from './spiking-resformer-weights.ts';
export type { TensorNames } from './tensor-names.ts';
export { trainOnly } from './train-only.ts';
export { vgg, type VggOptions } from './vgg.ts';
export { vggAnn, type VggEventOptions, vggGesture, vggNCaltech, vggSnn } from './vgg-event.ts';
export { vit } from './vit.ts';
export { parseVitConfig, type VitConfig, vitConfigSchema, type VitOptions } from './vit-config.ts';
