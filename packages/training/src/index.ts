export {
  differentiate,
  type Differentiated,
  type DifferentiateOptions,
} from './gradients/differentiate.ts';
export { type GradientCall, type GradientRule, inputOf, rule } from './gradients/gradient-rule.ts';
export {
  type Augmentation,
  augmentBatch,
  type AugmentOptions,
  type ImageSample,
} from './loop/augmentation.ts';
export {
  cutout,
  type CutoutOptions,
  horizontalFlip,
  type HorizontalFlipOptions,
  randomCrop,
  type RandomCropOptions,
  randomShift,
  type RandomShiftOptions,
} from './loop/augmentations.ts';
export { epochOrder } from './loop/epoch-order.ts';
export { mixBatch, type MixCall, type MixOptions } from './loop/mix-samples.ts';
export type { EpochMeans, EpochTotals } from './loop/epoch-totals.ts';
export { evaluate, type EvaluateOptions, type Evaluation } from './loop/evaluate.ts';
export {
  constantRate,
  cosineDecay,
  type CosineOptions,
  type Schedule,
  type ScheduleProgress,
  stepDecay,
  type StepDecayOptions,
  warmUp,
  type WarmUpOptions,
} from './loop/schedules.ts';
export {
  train,
  type TrainingProgress,
  type TrainingResult,
  type TrainOptions,
  type Validation,
} from './loop/train.ts';
export {
  type SampleSource,
  sourceData,
  type SourceDataOptions,
  tensorData,
  type TensorDataOptions,
  type TrainingBatch,
  type TrainingData,
} from './loop/training-data.ts';
export type {
  BestEpoch,
  EpochMetrics,
  TrainingSettings,
  TrainingState,
} from './loop/training-state.ts';
export { crossEntropy, type Loss, type LossCall } from './losses/loss.ts';
export { meanOutputLoss, type MeanOutputOptions } from './losses/mean-output.ts';
export { tetLoss, type TetOptions } from './losses/tet.ts';
export { batchStatisticsNorm, batchStatisticsNormGradient } from './operators/batch-statistics.ts';
export { conv2dInputGradient, conv2dWeightGradient } from './operators/convolution-gradients.ts';
export { neuronSequence, neuronSequenceGradient } from './operators/neuron-sequence.ts';
export { avgPool2dGradient, maxPool2dGradient } from './operators/pooling-gradients.ts';
export { surrogateDerivative } from './operators/surrogate-derivative.ts';
export { adam, type AdamOptions } from './optimisers/adam.ts';
export type { Optimiser, OptimiserCall, OptimiserResult } from './optimisers/optimiser.ts';
export { sgd, type SgdOptions } from './optimisers/sgd.ts';
export { training } from './plugin.ts';
export { firingRate, type FiringRateOptions } from './regularisers/firing-rate.ts';
export { rcs, rcsActivation, type RcsOptions } from './regularisers/rcs.ts';
export { neuronNodes, type Regulariser, type RegulariserCall } from './regularisers/regulariser.ts';
export {
  createTrainer,
  type StepMetrics,
  type StepOptions,
  type Trainer,
  type TrainerOptions,
  type TrainerState,
} from './trainer.ts';
export {
  trainingGraph,
  type TrainingGraphOptions,
  type WeightedRegulariser,
} from './training-graph.ts';
export { stateFromFile, stateToFile } from './training-state-file.ts';
export {
  type FormCall,
  type FormResult,
  timelineOf,
  type TrainingForm,
} from './unroll/training-form.ts';
export { folded, type Folding, still, type Timeline } from './unroll/timeline.ts';
export { unroll, type Unrolled, type UnrollOptions } from './unroll/unroll.ts';
